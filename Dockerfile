# The backend as an image: for a container engine, and for AWS Lambda, whose runtime
# client is part of the program.
#
#   docker build --tag talel.io-backend .

FROM --platform=$BUILDPLATFORM rust:1.95-bookworm AS build
ARG BUILDARCH=amd64
ARG TARGETARCH=amd64
WORKDIR /src

# The compiler and linker for the other architecture, where it is another, and the assembler of the JPEG library.
RUN set -eu; \
    apt-get update; \
    apt-get install --yes --no-install-recommends nasm; \
    case "$TARGETARCH" in \
      amd64) target=x86_64-unknown-linux-gnu triple=x86_64-linux-gnu ;; \
      arm64) target=aarch64-unknown-linux-gnu triple=aarch64-linux-gnu ;; \
      *) echo "not made for $TARGETARCH" >&2; exit 1 ;; \
    esac; \
    if [ "$TARGETARCH" != "$BUILDARCH" ]; then \
      apt-get install --yes --no-install-recommends "gcc-$triple" "g++-$triple" "libc6-dev-$TARGETARCH-cross"; \
      rustup target add "$target"; \
      printf '[target.%s]\nlinker = "%s-gcc"\n' "$target" "$triple" >"${CARGO_HOME:-/usr/local/cargo}/config.toml"; \
    fi; \
    rm -rf /var/lib/apt/lists/*; \
    echo "$target" >/target

# The dependencies, which change less often than we write: a layer of their own.
COPY Cargo.toml Cargo.lock ./
RUN mkdir -p handlers src \
  && printf '//! Stands for what is copied below.\nfn main() {}\n' >handlers/main.rs \
  && echo '//! Stands for what is copied below.' >src/lib.rs \
  && cargo build --locked --release --target "$(cat /target)"

COPY handlers handlers
COPY src src
# Addresses that the loader fills in take a twentieth of the program, written one by one. The C library
# below reads them in a shorter form.
RUN touch handlers/main.rs src/lib.rs \
  && cargo rustc --locked --release --target "$(cat /target)" --bin talelio-backend -- \
    -C link-arg=-Wl,-z,pack-relative-relocs \
  && mkdir -p /out/data \
  && cp "target/$(cat /target)/release/talelio-backend" /out/

FROM gcr.io/distroless/cc-debian12:nonroot
LABEL org.opencontainers.image.title="talel.io backend" \
      org.opencontainers.image.description="The publishing backend of talel.io" \
      org.opencontainers.image.licenses="MIT"
COPY --from=build /out/talelio-backend /usr/local/bin/talelio-backend
# What a volume mounted here begins with: a folder that the user below can write to.
COPY --from=build --chown=65532:65532 /out/data /data
ENV HOST=0.0.0.0 PORT=8000 DATA_DIR=/data
USER 65532:65532
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s --retries=3 \
  CMD ["/usr/local/bin/talelio-backend", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/talelio-backend"]
