"""Words by language that tell whether a full stop ends a sentence: abbreviations, and what sentences begin with.

They are what sentence-splitter and sentencex lack. All are in small letters, without the last full stop and without
spaces (`z. B.` is `z.b`). What has no vowel (`dhr`, `str`, `табл` has one) needs no entry: a rule knows it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple


class Words(NamedTuple):
    """The words of a language.

    inner    : something that belongs to it always follows: titles, `cf.`
    numeric  : a number follows, or it is another word: `p. 12`, `art. 5`, `He liked art.`
    closing  : abbreviations that often end a sentence, too: `etc.`, `Inc.`
    starters : words that begin a sentence when they are capitalised, and are no part of a name.
    """

    inner: frozenset[str] = frozenset()
    numeric: frozenset[str] = frozenset()
    closing: frozenset[str] = frozenset()
    starters: frozenset[str] = frozenset()


@lru_cache
def words_of(code: str) -> Words:
    """Return the words of a language, by the first subtag of its tag; those of others know none."""
    code = _SAME.get(code, code)
    names = ("inner", "numeric", "closing", "starters")
    return Words(*(frozenset(_WORDS.get(code, {}).get(name, "").split()) for name in names))


_SAME = {"bs": "hr", "nb": "no", "nn": "no", "ms": "id", "sr": "hr"}

_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "inner": "adm approx capt cf cmdr dr e.g fr ft gen gov hon i.e lt maj messrs mlle mme mr mrs ms mt "
        "pres prof rep rev sen sgt v viz vs wm",
        "numeric": "app apr art arts aug bk c ca cat ch chap cl col cols dec ed eq eqs ex ext feb fig figs fol "
        "jan jul jun l ll mar max min no nos nov oct op p para paras pl pp pt pts ref refs sec secs "
        "sect sep sept tab tel ver vol vols",
        "closing": "a.d a.m al ave b.a b.c bldg blvd bros co corp d.c esq etc inc jr ltd m.a m.d p.m ph.d rd sr "
        "st u.k u.n u.s u.s.a",
        "starters": "a after all although an and any as at because before both but by did do each every for from "
        "he her here his how i if in it its many most my no nobody none nothing now on once one or "
        "our perhaps she since so some someone soon still such that the their then there therefore "
        "these they this those though to today under until we what when where which while who why "
        "with yesterday yet you your",
    },
    "de": {
        "inner": "a.a.o abb abg abk abs abt allg anm apl aufl ausg bd bde bearb bes betr bgm bspw bzw d.h dipl "
        "dr dt ebd ehem einschl engl entspr erg ev evang evtl exkl fa fr frl frz geb gebr gegr gem "
        "gest ggf griech hg hl hr hrn hrsg i.d.r ing inkl insb insbes ital jg kath kgl königl lat lfd "
        "lt med mind n.br n.l nr nrn nördl o.j o.o od pfr phil prof präs resp röm s.o s.u schweiz sog "
        "st südl tel theol ungef urspr verf verh versch vgl vizepräs vorm vors westl z.b z.hd z.t "
        "z.zt zit zzgl österr östl",
        "numeric": "apr art aug bl dez feb feber jan jul jun jän kap max min mär nov okt par pos ref sept str "
        "tab taf zi ziff",
        "closing": "a.d a.m chr co dgl e.h e.v etc f ff h.c i.r jh jhd jhdt jr jun min mio mrd n.chr o.ä p.m sek "
        "sen stck std stk tsd u.a u.v.m u.ä usf usw uvm v.chr",
        "starters": "aber alle als am an auch auf aus bei beide bis da dabei dafür daher damals damit danach dann "
        "daran darauf darin darum das dazu dem den denn der des deshalb die dies diese dieser dieses "
        "doch dort durch ein eine einem einen einer er erst es für ganz gegen gestern heute hier "
        "hierzu ich ihm ihn ihr ihre ihren im in jede jeder jetzt kein keine keiner man manche mehr "
        "mein meine mit nach nachdem nein nichts niemand noch nun nur ob obwohl ohne schließlich "
        "schon seine seit seitdem sie so solche sonst trotzdem um und unser unter viele vom von vor "
        "vorher wann warum was weil weitere welche wenn wer wie wir wo während zu zuerst zuletzt zum "
        "zur zwar über",
    },
    "fr": {
        "inner": "bd bld boul bât c.-à-d c.à.d cdt cf cie dr env ex fg gal i.e lt m me mgr mlle mlles mm mme "
        "mmes p.ex pr prof rév sgt sq st ste stes sts vve",
        "numeric": "al ann art av avr cap chap col coll déc f fasc fig figs fol fév févr hab ill janv juil l n "
        "no nos nov oct p pl pp sect sept t tab tit tél v vol éd",
        "closing": "a.m apr etc j.-c p.m ss suiv",
        "starters": "alors après au aucun aussi avant avec car ce cela ces cet cette chaque chez comme comment "
        "dans de depuis des donc du elle elles en enfin ensuite et hier ici il ils j jamais je l la "
        "le les leur leurs lorsque là mais mes mon ni nous on or où par parce pas pendant personne "
        "plus plusieurs pour pourquoi puis quand que quel quelle qui quoi rien sa sans ses si son "
        "sous sur tous tout toute toutes tu un une voici voilà votre vous y à",
    },
    "es": {
        "inner": "aprox arq av avda cap cf cnel d depto dn dpto dr dra dres dª dña ee ej excma excmo fr gral "
        "hna hno ilma ilmo ing lic mons p.ej pbro prof profa pza rvdo sgto sr sra sras sres srta "
        "srtas sta sto tte ud uds vd vds vid",
        "numeric": "abr ago ap apdo art arts c caps dic ed ene feb fig figs h inc jul jun lám mar máx mín n nov "
        "nº núm núms oct p pg pl pp pág págs párr sec secc sept t tab tel v vol vols",
        "closing": "a.c a.m cía d.c etc hnos jr p.m s.a s.l uu",
        "starters": "a ahora al alguien algunos allí aquí así aunque ayer aún cada como con cuando cuándo cómo de "
        "del desde después durante dónde el ella ellas ellos en entonces era es esa ese eso esta "
        "estaba este esto estos fue ha había hasta hay hoy la las le lo los luego me mi mientras "
        "muchos más nada nadie ni ninguno no nos nosotros nunca o otra otro para pero por porque pues "
        "que quien quién qué se según ser si siempre sin sobre su sus sí también tampoco tan te todo "
        "todos tras tu un una uno y ya yo él",
    },
    "it": {
        "inner": "arch avv ca cav cfr comm dott dott.ssa dr egr es f.lli gen gent geom ill ing magg mons on "
        "p.es p.za p.zza prof prof.ssa proff rag rev s serg sig sig.na sig.ra sig.ri sigg spett ss st "
        "ten v.le",
        "numeric": "all apr art artt c cap capp cc col dic ed feb fig figg giu lett lug mag mar max min n nn nov "
        "nr op ott p pag pagg par pp sec secc set sett sez tab tav tel vol voll",
        "closing": "a.c a.m co d.c ecc etc jr p.m s.p.a s.r.l segg",
        "starters": "a ai al alcuni alla allora anche ancora c c'è che chi ci ciò come con cosa così da dal dalla "
        "dei del della dentro di dopo dove dunque e ecco egli ella era erano eravamo essa essi fu gli "
        "ha i ieri il in infatti invece io l la le lei lo loro lui lì ma mentre mi mio molti nel "
        "nella nessuno niente noi non nulla o oggi ogni ora per perché però più poi qualcuno quando "
        "quanto quella quello questa queste questi questo qui se senza si solo sono su sua subito suo "
        "tra tutti tutto un una uno vi voi",
    },
    "pt": {
        "inner": "aprox arq av cap cel cf d dr dra dras drs dª enf eng enga ex exma exmo gen ilma ilmo lg maj "
        "mons pe prof profa profª pç pça rev sgt sr sra sras sres srta srª sta sto ten trav v",
        "numeric": "abr ago al alín art arts caps dez ed est fev fig figs inc jan jul jun mai mar máx mín n nov "
        "nº núm out p par pp pág págs r sec set t tab tel vol",
        "closing": "a.c a.m cia d.c etc exa jr ltda p.m s.a",
        "starters": "a agora ainda algumas alguns alguém ali ao aos apesar após aquele aqui as assim até cada com "
        "como da de depois desde do durante e ela elas ele eles em embora enquanto então era essa "
        "esse esta este eu foi hoje há isso isto já lá mais mas me meu muito muitos na nada nem "
        "nenhum ninguém no nunca não nós o onde ontem os ou outra outro para pela pelo pois por "
        "porque porém qual quando que quem se sem sempre seu sob sobre sua só também tinha tinham "
        "todo todos tudo um uma você à é",
    },
    "ca": {
        "inner": "aprox av avda dr dra ex il·lm mn prof sr sra sres sta sto",
        "numeric": "art cap fig núm p pp pàg pàgs t tab tel vol",
        "closing": "a.c d.c etc",
        "starters": "a ahir així això al aquest aquesta aquí avui com després el ell ella els en era hi i la les "
        "llavors ningú no on perquè però quan qui què res s'ha si tot un una va",
    },
    "nl": {
        "inner": "bijv ca d.w.z dhr dr drs ds evt excl fa fam gebr hr hs i.p.v i.t.t i.v.m incl ing ir jhr jl "
        "jo kapt kon lt m.a.w m.b.t mej mevr mr mw nl o.a o.l.v prof resp sgt st t.a.v t.o.v vgl z.g "
        "zg zgn",
        "numeric": "afb apr art aug bd bijl blz cap dec dl ed feb febr fig hfst jan jrg jul jun kol max min mrt "
        "nov nr nrs okt p pag par pp sep sept str tab tel vol",
        "closing": "a.u.b b.v co e.a e.d e.v enz etc jr n.chr n.v o.i.d s.v.p sr v.chr",
        "starters": "al alle als andere bij daar daarna daarom dan dat de deze die dit doch door dus een eerst "
        "elke en er gisteren haar hebben heeft hem het hier hij hoe hun ik in is ja je jij jullie "
        "maar met mijn misschien na naar nee niemand niets nog nooit nu of om omdat onder onze ook op "
        "over sinds soms te tegen toch toen tot uit van vandaag veel volgens voor waar waarom wanneer "
        "was wat we wel welke wie wij zal ze zij zijn zo zonder",
    },
    "ru": {
        "inner": "акад англ бул бульв г-жа г-н ген гос греч д-р доц зав зам изд инж итал корп лат лейт митр "
        "наб напр обл пл пос пр-т преп просп прот проф ред респ св см сост ср т.е т.к т.н ул франц чл",
        "numeric": "авг апр вып гл д дек к кв кн май мар нояб ок окт п пп прим разд рис с сент сер сс ст стр т "
        "табл тел тт февр ч эт янв январ",
        "closing": "в вв г гг др коп мин млн млрд н.э нач пр р руб сек т.д т.п т.ч тыс э",
        "starters": "а без более больше был была были в вместо во вот все вскоре всё вчера где да даже для до его "
        "ему если есть еще ещё её за затем здесь и из или именно их к как когда который кто лишь "
        "между многие мы на над не некоторые несмотря нет ни никто ничего но об один однако он она "
        "они оно остальное от отец перед по под после потом потому поэтому при про с сегодня сейчас "
        "среди так такая такие такой там тем теперь то тогда только тот ты у уже хотя через что чтобы "
        "эта эти это этот я",
    },
    "uk": {
        "inner": "акад англ бул вул гр див дол доц заг зам крб лейт напр наук обл орг пл пор пос пров прол "
        "проф проц р-н св серж сл т.зв укр чл ім інж",
        "numeric": "арт буд вип гл грн д кв кн корп м п прим рис розд с ст стор стр т табл тел ч іл",
        "closing": "в вв грн др коп млн млрд н.е р рр т.д т.п тис",
        "starters": "а але б був була були в вже ви вона вони воно все всі від він до досі з за згодом його кожен "
        "коли ми на не ні ніхто нічого однак отже по потім про після та так там тепер ти то тоді у "
        "хоча хто це цей ця ці через що я як якщо і із їх її",
    },
    "bg": {
        "inner": "акад бул вж гр доц инж кв напр обл проф св ср т.е т.нар ул чл",
        "numeric": "ал бр гл д ет кн п прил рис с ст стр т табл тел фиг",
        "closing": "в вв г гг др лв млн млрд н.е пр т.н хил",
        "starters": "а ако баща беше в вече все всички да до друга за защо и из имаше как като когато който която "
        "на не ние никой нищо но от по после при с сега след със така там те това тогава той тук тя у "
        "че ще",
    },
    "pl": {
        "inner": "abp adw al ang bp doc dr ewent gen hab hr im inż kan kard kl kpt ks lek m.in mec mgr min np "
        "nt o ok os p pl pn por pp ppor prof pt płk red t.j tj tzn tzw ul w.w wg woj ww zob łac śp św",
        "numeric": "art cz kol lit nr par pkt poz rozdz rys s str t tab tel ust wyd zał §",
        "closing": "etc godz gr in itd itp jr k m n.e p.n.e r st tys w zł",
        "starters": "a albo ale bardzo bez bo by byli był była było co czy dla do gdy gdzie go i ich inni ja jak "
        "jaki jako je jednak jego jej jest jeśli już każdy kiedy kto ktoś która który mimo może na "
        "nad nic nie niestety nikt o od on ona one oni ono oprócz po pod podczas ponadto ponieważ "
        "potem poza przed przez przy również się są ta tak także tam te ten teraz to ty tylko u w "
        "wczoraj we więc wszyscy wtedy z za zawsze zaś ze że",
    },
    "cs": {
        "inner": "bc doc dr fa gen hr ing judr kap kpt mgr mj mjr mudr např o odst p phdr pl plk popř por prof "
        "pí resp rndr sl slč srov st sv tj tzn tzv ul viz vč",
        "numeric": "kol obr odd par pol písm roz roč s str tab tel tř ust vyd č čl",
        "closing": "a.s aj apod atd atp hod jr kč l mil min ml mld n.l př.n.l r s.r.o tis",
        "starters": "a ale ani asi až bez bohužel byl byla byli bylo co dnes do i ja jak jako je jeho jejich její "
        "jen ještě již jsem já k každý kde kdo když který mezi mimo my má můj na nad ne nebo není než "
        "nic nikdo no od on ona oni ono pak po pod podle potom poté pro proto proč před přesto při s "
        "se si tady tak také tam ten teprve teď to tohle toto ty tyto u už v ve vy včera vše všichni "
        "vždy z za ze že",
    },
    "sk": {
        "inner": "bc doc dr gen ing judr kpt mgr mjr mudr napr odst p phdr pl plk por prof resp sl sv t.j tj "
        "tzn tzv ul",
        "numeric": "kap obr odd par písm s str tab tel č čl",
        "closing": "a.s apod atp atď hod mil min n.l pod r s.r.o stor tis",
        "starters": "a ak ako ale ani až bez bol bola boli bolo dnes do i iba ich ja je jeho jej k každý kde keď "
        "kto ktorý medzi my na nad nie nikto nič no od on ona oni po pod podľa potom pre preto prečo "
        "pri s sa si tak takisto tam ten teraz to toto tu u už v vy včera všetci z za zo čo že",
    },
    "hr": {
        "inner": "dipl doc dr g gen gosp gđa gđica ing inž itsl l.j mons mr npr o odn oko prof sv tj tzv ul v vlč š",
        "numeric": "br izd knj ods pogl sl st str svez t tab tel tč usp čl",
        "closing": "d.d d.o.o god i.t.d itd m n.e p.n.e sl st tis",
        "starters": "a ako ali bez bila bilo bio da danas do gdje i iako ili ima iz ja jedan jednoga još jučer "
        "kad kada kako kao ko kod koja koje koji ljudi među mi mnogi na nad ne nego nema netko ni "
        "nije nitko ništa no od oko on ona oni ono ostalo ova ovaj ovo po pod poslije potom prema pri "
        "prije s sada se sve svi ta tada taj tako tamo te ti to tu u uz već vi za zato zbog što",
    },
    "sl": {
        "inner": "dipl doc dr g gdč gen ing inž lic mag npr o odv oz prim prof spec sv t.i t.j tj tov ul univ",
        "numeric": "gl l pogl pr razd sl str tab tel tč zv čl št",
        "closing": "d.d d.o.o idr ipd itd itn l n.št p.n.št s.p tis",
        "starters": "a ali ampak bil bila bilo brez da danes do in iz ja jaz je kaj kako kdo ker ki kje ko med mi "
        "na nad ne nekateri ni nihče nikoli nič no od on ona oni po pod potem pred pri s sedaj sicer "
        "so ta tako tam tega ti to tu tudi v vendar vi vse vsi včeraj z za zakaj zato če že",
    },
    "sv": {
        "inner": "adv bl.a ca civ d.v.s dipl doc dr dvs enl ev f.d f.ö forts fr frk föreg hr inkl jfr jur kand "
        "kapt kl lic löjtn mag nr obs prof resp s.k st t.ex t.o.m tel uppl övers",
        "numeric": "apr art aug avd avs bd bil dec del feb febr fig jan kap mom nov okt par pkt s sept sid sp "
        "str tab vers vol",
        "closing": "a.d e.kr etc f.kr kr m.fl m.m mfl milj mm o.d o.dyl o.s.v osv sek tr",
        "starters": "alla allt att av både de den denna det detta dit du där därefter därför då efter ej eller en "
        "ett från för hade han hon hur här i idag igår ingen ingenting inget inte ja jag kanske man "
        "med medan mellan men min många nej ni nu när någon något och också om på sedan sen sin själv "
        "som så till under ut utan vad var varför vem vi vid över",
    },
    "da": {
        "inner": "adj adr afd afs anm bl.a ca cand cf d.v.s dir dr dvs e.g eksp evt f.eks fhv fr frk følg hhv "
        "hr ing inkl jf jfr jur kapt kgl kl lign mag maks mfl nr o.lign ovf pga pkt pl prof resp s.k "
        "skt sml stk tdl tidl tlf vedr",
        "numeric": "apr art aug bd bil dec feb febr fig jan jul nov okt s sept sp st str tab vol",
        "closing": "a.m dsv e.kr etc f.kr kr m.fl m.m m.v mia mio mv o.l o.s.v osv p.m",
        "starters": "af alle alt at både da de den der deres derfor det dette dog du efter eller en er et for "
        "fordi fra før gennem ham han har havde hendes her hun hvad hvem hver hvis hvor hvordan "
        "hvorfor i igår ikke ind ingen intet ja jeg kun lidt man mange med meget mellem men mens min "
        "nej noget nogle nu når og også om over på sammen siden som så til tre uden under var ved vi",
    },
    "no": {
        "inner": "adr avd bl.a bl.annet ca cand cf d.v.s dir dr dvs e.l ev f.eks fhv fr frk hhv hr ing inkl jf "
        "jfr jur kapt kgl kl kv lign maks mv nr obs ovf pga pkt prof resp s.k st stk tidl tlf vedr",
        "numeric": "apr art aug bd des feb febr fig jan jul kap nov okt s sept sp str tab vol",
        "closing": "a.m dsv e.kr etc f.kr kr m.fl m.m m.v mill mrd o.l o.s.v osv p.m",
        "starters": "alle alt at av både da de den denne der deres derfor det dette disse du eller en enn er et "
        "etter for fordi fra før hadde han har henne her hun hva hvem hver hvis hvor hvordan hvorfor "
        "i igår ikke ingen ingenting ja jeg kanskje man mange med meget mellom men mens min nei noe "
        "noen nå når og også om over på siden som så til under uten var ved vi",
    },
    "fi": {
        "inner": "apul dipl dos dr em ent esim evp fil hum huom ins joht kand kapt ks kts lis luutn maist merk "
        "mm mr ms ns nyk oik os pj prof puh rov ry s so st synt tark tiet til toim tri ts us v varat "
        "vrt vs vt yht yo",
        "numeric": "ark art g kello klo kpl luku n n:o no nro par siv tab tau vol",
        "closing": "ab eaa ekr etc jkr jne milj mrd oy ym yms",
        "starters": "aina ei eilen en ennen entä he hän ja jo jokainen jos kaikki kerran koska kuinka kuka kukaan "
        "kun kuten loput me miksi mikä missä monet mutta myöhemmin myös ne niin nyt näin olen oli on "
        "paitsi se sen siksi silloin sillä sitten tai te tämä tämän tänään tässä vaan vaikka vain "
        "vielä",
    },
    "et": {
        "inner": "dr hr ins kpt lk nn nt pr prl prof s.o sh st t.s vt",
        "numeric": "art joon lisa nr ptk tab tel tlk",
        "closing": "ekr jm jms jne jpt ms ots pkr tk vms",
        "starters": "aga ei ema isa ja ka keegi kes kui kuid kuidas ma me mees midagi miks nad nagu nemad nii "
        "nüüd seal see siis ta te tema täna veel üks",
    },
    "hu": {
        "inner": "biz br dr gr hg id ifj ill ism kb ld lsd m.e pl prof sgt st szt tsz ua ui vö zs özv ún",
        "numeric": "bek fej k kt köt o old par sz szk szám t tel u",
        "closing": "i.e i.sz kr.e kr.u m n o stb u uo évf",
        "starters": "a aki akkor ami amikor az aztán azért be csak de ebben egy erre ez ezek ezt ezután ezért ha "
        "hogy hol ide is itt ki majd mert mi mindenki mint miért most már nem nincs olyan s semmi "
        "senki soha sok te tegnap több utána vagy van volt én és úgy ő ők",
    },
    "tr": {
        "inner": "alb arş av bkz cad doç dr ecz gen gön haz hz mah mim müh no op ord org prof sn sok tğm uzm "
        "yrd yz çev ör örn öğr şb",
        "numeric": "bl bs böl c cilt m mad nu s sf str tab tbl tel çiz şek",
        "closing": "a.ş ltd m.s m.ö ms mö vb vd vs şti",
        "starters": "ama ancak arada ayrıca belki ben bir biri birçok biz bu buna bunlar bunun burada böylece "
        "bütün daha de dün eğer fakat gerisi hem hep her herkes hiç hiçbir hâlâ ile ise için işte kim "
        "kimse nasıl ne neden nerede o ona onlar onun orada oysa sen siz son sonra ve veya ya yani "
        "yine çok çünkü önce şimdi şu",
    },
    "el": {
        "inner": "αγ αρ αρχ βλ γεν δηλ δις δρ ελλ εν κ κα κκ κος κυρ λ.χ λεωφ ν.δ οδ π.δ παν πρβ πρβλ πρόεδρ "
        "στρ τηλ υπ χαρ",
        "numeric": "άρθ έκδ αριθ εικ κεφ μ ν πίν παρ πιν σ σελ σχ τ τεύχ τόμ",
        "closing": "α.ε ευρ κ.ά κ.α κ.λ.π κ.λπ κ.ο.κ κ.τ.λ κλπ κτλ μ.μ μ.χ ο.ε π.μ π.χ χιλ",
        "starters": "ένα ένας έπειτα έτσι ήταν ακόμα αλλά αν από αργότερα αυτά αυτή αυτοί αυτό αυτός αφού γι για "
        "γιατί δεν εγώ εδώ εκεί εκείνος εμείς ενώ εσύ η θα κάθε κάποιος και κανείς κι μέχρι μία μα με "
        "μετά μια μόνο να ο οι ούτε πάντα ποιος πολλοί που πριν πώς σήμερα σε στη στην στις στο στον "
        "στους τα την της τι τις το τον του τους των τότε τώρα χθες χωρίς όλα όλοι όμως όπως όταν ότι "
        "ύστερα",
    },
    "ro": {
        "inner": "acad av cca conf d d-l d-na d-ra dl dna dnă domn dra drd dvs ec ex gen gr ing jud lect lt mr "
        "of plut pr prel prof resp sf slt str șos",
        "numeric": "al alin ap art bd bl bld cap col ed et fig lit max min nr p pag par pct pg pp sc sect tab tel vol",
        "closing": "a.m d.hr etc hr m.a p.m s.a s.a.m.d s.r.l î.hr ș.a ș.a.m.d",
        "starters": "a aceasta această acest aceste acești acolo acum ai aici am apoi ar are asta astfel astăzi "
        "atunci au ca care ce cei cel cine cu cum când cât că da dar de deci deși din doar după ea ei "
        "el ele era eram este eu fie fără i-a ieri la le lui mai mulți ne nici nimeni nimic noi nu o "
        "oare pe pentru prin până s-a sub sunt să tatăl toate totul totuși toți un una unde unii unul "
        "va voi în înainte încă între și",
    },
    "lt": {
        "inner": "akad bendr doc dr gen gerb inž kun mjr pav plg plk prof pulk pvz red t.y šv žr",
        "numeric": "d dalis g lent m mėn nr p psl r sk skyr str tab tel tūkst š",
        "closing": "a m mln mlrd pan pr t.t val",
        "starters": "ar be bet buvo dabar dar ir iš jei ji jie jis jo jos jų kad kai kaip kas kiekvienas kodėl "
        "kur mes ne niekas nuo o paskui po prie ta tada tai taip tas tačiau ten to tuo už vakar visi "
        "viskas vėliau yra čia ši šiandien šis",
    },
    "lv": {
        "inner": "akad dir doc dr gen inž k-gs kund piem plkv prof red resp sal sk sv t.i t.s",
        "numeric": "att izd lpp nod nr p pants piez sad sēj tab tālr",
        "closing": "g gs m.ē p.m.ē t.t u.c u.tml utt",
        "starters": "ar arī bet bija es gan ja jo ka kad kas kur kā kāpēc mēs ne nekas neviens no pie pēc tad "
        "tagad tas tomēr tur tā tēvs un uz vakar visi viņa viņi viņš vēlāk šis šodien šī",
    },
    "is": {
        "inner": "dr fr frk hr jfr kl nr próf sbr sr st t.d þ.e þ.e.a.s",
        "numeric": "bls gr kafli kap mynd sími tbl tl",
        "closing": "ehf hf m.a m.fl o.fl o.s.frv o.þ.h osfrv s.s",
        "starters": "af allir að ef eftir eg ekkert ekki en enginn er frá fyrir hann hinn hvar hvað hver hvernig "
        "hér hún já með nei nú og sumir svo sá síðan sú til um var við á ég í þar þau það þegar þeir "
        "þess þessi þetta þá þær þú",
    },
    "id": {
        "inner": "a.n bpk dr dra drg drs gg h hj ir jend jl kab kec kel kol ky mayjen ny prof sdr st tn ust yth",
        "numeric": "bab gbr hal hlm jil no pasal tab tel telp vol",
        "closing": "dkk dll dsb dst m.m ph.d s.e s.h tbk",
        "starters": "ada akhirnya apa bagaimana banyak dan dari dengan di dia hari ia ini itu jika kalau kami "
        "karena kemarin kemudian ketika kita lalu mereka namun pada para saat saya sebelum sejak "
        "semua setelah siapa tak tapi tetapi tidak untuk yang",
    },
    "vi": {
        "inner": "bs cn gs hv ks ls pgs th.s ths tp tr ts tx",
        "numeric": "p q s số đ",
        "closing": "v.v",
    },
    "hi": {
        "inner": "इं उदा एड कर्नल कु जि डा डॉ पं प्रो मो ले श्री सं सर्वश्री सुश्री",
        "numeric": "अनु ई कि क्र नं पृ मी रु",
    },
    "mr": {
        "inner": "इं उदा कु जि डॉ ता पं प्रा प्रो मा श्री सौ ॲड",
        "numeric": "क्र नं पृ रु सं",
    },
    "ne": {
        "inner": "ई उदा कि डा डॉ पं प्रा श्री सुश्री",
        "numeric": "नं पृ रु वि सं",
    },
    "bn": {
        "inner": "অ্যাড ইঞ্জি ড ডঃ ডা প্রফে মু মো মোঃ শ্রী",
        "numeric": "টা নং পৃ রু",
    },
    "gu": {
        "inner": "કુ ડૉ ડો પં પ્રો શ્રી",
        "numeric": "નં પૃ રૂ",
    },
    "pa": {
        "inner": "ਡਾ ਪ੍ਰੋ ਸ ਸ੍ਰੀ",
        "numeric": "ਨੰ ਪੰ ਰੁ",
    },
    "ta": {
        "inner": "செல்வி டாக்டர் திரு திருமதி பேரா மு",
        "numeric": "எண் பக் ரூ",
    },
    "te": {
        "inner": "డా డాక్టర్ ప్రొ శ్రీ",
        "numeric": "నం పే రూ",
    },
    "ar": {
        "inner": "أ أ.د أ.م ا.د ج د س ص م هـ",
        "numeric": "رقم ق",
        "closing": "إلخ الخ ق.م",
    },
    "fa": {
        "inner": "دکتر ر.ک ص مهندس",
        "numeric": "ج ش",
    },
    "he": {
        "inner": "גב ד מר פרופ",
        "numeric": "מס עמ",
    },
    "ka": {
        "inner": "აკად ბ ბ-ნი გენ დოქ ე.ი ინჟ იხ მაგ პროფ ქ-ნი შდრ",
        "numeric": "გვ თ მ ნახ სურ ტ ცხრ",
        "closing": "ა.შ ს წ წწ",
    },
    "hy": {
        "inner": "ակադ դոկտ պրոֆ տիկ օր",
        "numeric": "գլ էջ նկ",
    },
}
