# The image of restock-operator: one static program and the certificates of public CAs.
#
#   docker buildx build --platform linux/amd64,linux/arm64 --tag REPOSITORY/restock-operator .
#
# cargo xtask image makes the same image without Docker: from the last stage alone, with a
# program that it has built itself in the place of the first.

FROM rust:1.95-bookworm AS build
WORKDIR /source
# Static, for there is nothing beside it; and with the paths that cargo xtask image gives it.
ENV STATIC="-C target-feature=+crt-static --remap-path-prefix=$CARGO_HOME=/cargo"
# Dependencies in a layer of their own: they change far less often than the sources.
COPY Cargo.toml Cargo.lock ./
COPY xtask/Cargo.toml xtask/
RUN mkdir --parents src benches xtask/src \
    && echo 'fn main() {}' | tee src/main.rs benches/ingest.rs benches/memory.rs benches/sales.rs xtask/src/main.rs \
    && touch src/lib.rs \
    && RUSTFLAGS="$STATIC" cargo build --release --locked --bin restock-operator \
        --target "$(rustc --version --verbose | sed --quiet 's/host: //p')"
COPY . .
# A newer time than that of the empty sources above, or cargo would keep their program.
RUN touch src/main.rs src/lib.rs \
    && RUSTFLAGS="$STATIC" cargo build --release --locked --bin restock-operator \
        --target "$(rustc --version --verbose | sed --quiet 's/host: //p')" \
    && mkdir --parents /image/etc/ssl/certs \
    && cp target/*/release/restock-operator /image/ \
    && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/
WORKDIR /image

FROM scratch
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="restock-operator" \
    org.opencontainers.image.description="Makes restocking from a legacy factory reliable and visible" \
    org.opencontainers.image.licenses="Apache-2.0" \
    org.opencontainers.image.version="$VERSION" \
    org.opencontainers.image.revision="$REVISION"
COPY --from=build /image /
USER 65532:65532
ENTRYPOINT ["/restock-operator"]
