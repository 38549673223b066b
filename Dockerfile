# The server in a container: stdio by default, Streamable HTTP by settings (compose.yaml).
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY distribution/requirements.txt distribution/requirements.txt
COPY server server
COPY tools tools
RUN python -m venv /app
RUN /app/bin/python -m pip install --no-cache-dir --require-hashes --requirement distribution/requirements.txt
RUN /app/bin/python -m pip install --no-cache-dir --no-deps .

FROM python:3.13-slim
COPY --from=build /app /app
# Nothing is written but below /tmp; a local archive is a folder that is mounted.
ENV PATH=/app/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
HEALTHCHECK --interval=30s --timeout=5s --start-period=5s CMD ["mail-archive-mcp", "health"]
ENTRYPOINT ["mail-archive-mcp"]
