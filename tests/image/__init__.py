"""The image that the Dockerfile describes, built and run without a Docker engine: `make image-test`.

No file here is named test_*.py, because the usual tests need neither root nor buildah.
"""
