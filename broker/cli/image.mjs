// `npm run image`: builds the image by whichever of docker, podman and buildah there is.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** What each builder says when it works: that of docker needs its daemon, that of podman on some systems a machine. */
const PROBES = { docker: ['version'], podman: ['info'], buildah: ['version'] };
const USAGE = 'npm run image -- [--base IMAGE] [--tag NAME:TAG] [--output FILE.tar] [--builder NAME] [-- OPTION...]';

/** The builders, in the order in which they are looked for. */
const BUILDERS = Object.keys(PROBES);

/** What to tell a user who has no builder that works. */
const NO_BUILDER = `weir: no image can be built here: none of ${BUILDERS.join(', ')} works.
      Install one (on Debian: apt-get install buildah), or start its service, and call this again.
      It builds the Dockerfile of this project on a plain Debian, for which registries of Debian and npm are needed.
      A base of one's own: ${USAGE}`;

/** Whether a builder is there and answers. */
function works(builder) {
  return spawnSync(builder, PROBES[builder], { stdio: 'ignore' }).status === 0;
}

/**
 * The command lines that build the image and, with `output`, write it into an archive that `kind load image-archive`, `minikube image
 * load` and `ctr images import` take. `epoch`: seconds, the time that everything in the image has. `more`: options for the builder.
 */
function imageCommands(builder, { root, base, tag, version, epoch, output, more = [] }) {
  const created = new Date(epoch * 1000).toISOString().replace('.000Z', 'Z');
  const build = [
    builder,
    builder === 'buildah' ? 'bud' : 'build',
    ...(base === undefined ? [] : ['--build-arg', `BASE=${base}`]),
    ...['--build-arg', `SOURCE_DATE_EPOCH=${epoch}`],
    ...(builder === 'docker' ? [] : ['--timestamp', String(epoch)]),
    ...['--label', `org.opencontainers.image.version=${version}`],
    ...['--label', `org.opencontainers.image.created=${created}`],
    ...['--tag', tag],
    ...more,
    root,
  ];
  if (output === undefined) return [build];
  const save =
    builder === 'buildah'
      ? ['buildah', 'push', tag, `docker-archive:${output}:${tag}`]
      : [builder, 'save', '--output', output, tag];
  return [build, save];
}

/** The time of the last commit, in seconds, unless the environment says another; 0 where neither is known. */
function epochOf(root) {
  const told = process.env.SOURCE_DATE_EPOCH;
  const text = told ?? spawnSync('git', ['log', '-1', '--format=%ct'], { cwd: root, encoding: 'utf8' }).stdout ?? '';
  return Number(text.trim()) || 0;
}

/** Builds the image as the flags say; gives the exit code. */
export function buildImage(root, args) {
  const options = {
    base: { type: 'string', default: process.env.WEIR_IMAGE_BASE },
    tag: { type: 'string' },
    output: { type: 'string' },
    builder: { type: 'string' },
  };
  let given;
  try {
    given = parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    console.error(`weir: ${error.message}\nusage: ${USAGE}`);
    return 2;
  }
  const { base, output, builder = BUILDERS.find(works) } = given.values;
  if (!BUILDERS.includes(builder)) {
    console.error(builder === undefined ? NO_BUILDER : `weir: ${builder} is none of ${BUILDERS.join(', ')}`);
    return builder === undefined ? 1 : 2;
  }
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  // In full: only docker would take a short name for this one, which is what Kubernetes does.
  const tag = given.values.tag ?? `docker.io/library/weir:${version}`;
  const place = { root, base, tag, version, output, epoch: epochOf(root), more: given.positionals };
  // An archive that is there would be added to.
  if (output !== undefined) rmSync(output, { force: true });
  for (const [command, ...rest] of imageCommands(builder, place)) {
    const { status, error } = spawnSync(command, rest, { stdio: ['ignore', 2, 2] });
    if (status !== 0) {
      console.error(`weir: ${command} ${rest[0]} failed: ${error?.message ?? `exit code ${status}`}`);
      return 1;
    }
  }
  console.log(output === undefined ? tag : `${tag} ${output}`);
  return 0;
}
