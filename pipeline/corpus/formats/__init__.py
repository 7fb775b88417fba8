"""Documents as people have them: a reader for each family of formats, which gives their paragraphs in order."""
