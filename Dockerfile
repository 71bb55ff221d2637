# An image with facepad and its models: docker build -t facepad .
# docker run --rm --network none -v "$PWD:/data:ro" facepad check /data/me.jpg
FROM python:3.11-slim

COPY . /source
RUN pip install --no-cache-dir /source && rm -r /source && useradd --create-home facepad

USER facepad
RUN facepad models pull

ENTRYPOINT ["facepad"]
