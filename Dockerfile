# The programs chimera and replay in a small image, run as nobody in particular. Built by docker-compose.kafka.yml.

FROM rust:1.95-slim-bookworm AS build
# librdkafka is built from its source, against the system's OpenSSL.
RUN apt-get update && apt-get install -y --no-install-recommends g++ libssl-dev make pkg-config && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
# Line tables would make the programs some times as large.
ENV CARGO_PROFILE_RELEASE_DEBUG=none
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked -p chimera -p chimera-replay && \
    install -D -t /programs target/release/chimera target/release/replay

FROM debian:12.12-slim
# For Kafka and a registry by TLS.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates libssl3 && rm -rf /var/lib/apt/lists/*
# The directory is made here, so that a volume over it belongs to the account.
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/chimera --shell /usr/sbin/nologin chimera
COPY --from=build /programs/ /usr/local/bin/
COPY deploy/docker/ready /usr/local/bin/chimera-ready
USER 10001
WORKDIR /var/lib/chimera
VOLUME /var/lib/chimera
ENV CHIMERA_DATA_DIR=/var/lib/chimera
# REST, gRPC, commands of other nodes
EXPOSE 8080 9090 7070
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=3 CMD ["chimera-ready"]
ENTRYPOINT ["chimera"]
CMD ["serve"]
