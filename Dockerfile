# The image of brokers and of the operator, made of a plain Debian and of what the registries of Debian and npm have: `npm run image`.
# Where npm's registry is not reached as it is, an .npmrc may be told, and what its `cafile=/run/secrets/ca` names:
#   --secret id=npmrc,src=FILE --secret id=ca,src=FILE
ARG BASE=docker.io/library/debian:trixie-slim

FROM ${BASE} AS build
# The final image gets two files of the base anew: users, with one more, and what runs as its owner, as an ordinary program.
RUN mkdir /image \
    && cp --parents /etc/passwd /etc/group /image \
    && echo 'weir:x:65532:65532::/nonexistent:/usr/sbin/nologin' >>/image/etc/passwd \
    && echo 'weir:x:65532:' >>/image/etc/group \
    && find / -xdev -type f -perm /6000 -exec install -D -m 755 '{}' '/image{}' ';'
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends binutils npm
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=secret,id=npmrc --mount=type=secret,id=ca \
    NPM_CONFIG_USERCONFIG=/run/secrets/npmrc npm ci --ignore-scripts \
    && npm cache clean --force
# One that can list what is installed, as Debian's can't; and the Node that the lock names, for all that follows.
ARG NPM=11.19.1
RUN --mount=type=secret,id=npmrc --mount=type=secret,id=ca \
    NPM_CONFIG_USERCONFIG=/run/secrets/npmrc npm install --global --ignore-scripts "npm@${NPM}" \
    && ln -s /src/node_modules/node-linux-*/bin/node /usr/local/bin/node
# Node needs it, and a plain Debian does not have it. Tools that look for packages find it as in images without a package manager.
RUN apt-get install -y --no-install-recommends libatomic1 \
    && cp --parents --no-dereference /usr/lib/*/libatomic.so.1* /image \
    && mkdir -p /image/var/lib/dpkg/status.d \
    && dpkg --status libatomic1 >/image/var/lib/dpkg/status.d/libatomic1
COPY . .
# Nothing tells when it was built.
ARG SOURCE_DATE_EPOCH=0
RUN node broker/cli/bootstrap.mjs bundle weir \
    && mkdir /image/opt && cp -r weir /image/opt \
    && install -D -m 755 /usr/local/bin/node /image/usr/local/bin/node \
    && strip --strip-unneeded /image/usr/local/bin/node /image/opt/weir/*.node \
    && ln -s /opt/weir/weir.js /image/usr/local/bin/weir \
    && find /image -exec touch --no-dereference --date "@${SOURCE_DATE_EPOCH}" '{}' +

FROM ${BASE}
LABEL org.opencontainers.image.title="Weir" \
    org.opencontainers.image.description="A message broker that speaks the Kafka protocol, with real queues, and its operator" \
    org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image /
# As the charts have it, so that `runAsNonRoot` can be checked.
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/weir"]
CMD ["--help"]
