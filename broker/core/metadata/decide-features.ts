import { ErrorCode } from '../protocol/errors.ts';
import type { CodedResult, UpdateFeaturesCommand } from './commands.ts';
import type { Decision, DecisionContext } from './decide.ts';
import { ELR_VERSION, FEATURE_NEEDS, SUPPORTED_FEATURES, WEIR_VERSION } from './features.ts';
import type { MetadataImage } from './image.ts';
import { minIsrOfAll } from './min-isr.ts';
import type { MetadataRecord } from './records.ts';
import { ok, problem } from './result.ts';

/**
 * Changes levels of features, all of them or none. INVALID_UPDATE_VERSION for a level that a registered node does not
 * support, and for every way down: what was written at a level stays, so that no level is ever left again.
 */
export function updateFeatures(context: DecisionContext, command: UpdateFeaturesCommand): Decision {
  const { image } = context;
  const records: MetadataRecord[] = [];
  const weirVersion = weirVersionAfter(image, command);
  for (const update of command.updates) {
    const reason = updateProblem(image, update, weirVersion);
    if (reason !== null) {
      const { name, level } = update;
      const sentence = `Invalid update version ${level} for feature ${name}. ${reason}`;
      return {
        records: [],
        outcome: { kind: 'updateFeatures', ...problem(ErrorCode.INVALID_UPDATE_VERSION, sentence) },
      };
    }
    if (update.level === levelIn(image, update.name)) continue;
    records.push({ kind: 'feature', name: update.name, level: update.level });
    if (update.name === ELR_VERSION) records.push(...minIsrOfAll(context));
  }
  return { records: command.validateOnly ? [] : records, outcome: { kind: 'updateFeatures', ...ok() } };
}

/** The level of `weir.version` that will be in force when all of it is done. */
function weirVersionAfter(image: MetadataImage, { updates }: UpdateFeaturesCommand): number {
  return Math.max(
    levelIn(image, WEIR_VERSION),
    ...updates.filter(({ name }) => name === WEIR_VERSION).map(({ level }) => level),
  );
}

function levelIn(image: MetadataImage, name: string): number {
  return image.features().get(name) ?? 0;
}

function updateProblem(
  image: MetadataImage,
  update: UpdateFeaturesCommand['updates'][number],
  weirVersion: number,
): string | null {
  const { name, level, upgradeType } = update;
  const current = levelIn(image, name);
  if (level < 0) return 'A feature version cannot be less than 0.';
  const unsupported = supportProblem(image, name, level);
  if (unsupported !== null) return unsupported;
  if (level > current && upgradeType !== 'upgrade') return "Can't downgrade to a newer version.";
  if (level > current) return needProblem(weirVersion, name, level);
  if (level === current) return null;
  if (upgradeType === 'upgrade') {
    return "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.";
  }
  return `Refusing to perform the requested downgrade from ${current} because it might delete metadata information.`;
}

/** Which `weir.version` a level needs that will not be in force: a node of a release without it may be in, and lead. */
function needProblem(weirVersion: number, name: string, level: number): string | null {
  const need = FEATURE_NEEDS.find((one) => one.name === name && level >= one.from && weirVersion < one.weirVersion);
  return need === undefined
    ? null
    : `It needs ${WEIR_VERSION} ${need.weirVersion}, which has to be raised first, or with it.`;
}

/** Who does not support a level; only ranges of `weir.version` are registered, the others come with it. */
function supportProblem(image: MetadataImage, name: string, level: number): string | null {
  const range = SUPPORTED_FEATURES.find((each) => each.name === name);
  if (range === undefined) return 'The controller does not support this feature.';
  const nodes = [{ what: 'The controller', min: range.min, max: range.max }];
  if (name === WEIR_VERSION) {
    for (const { id, weirVersionMin, weirVersionMax } of image.controllers())
      nodes.push({ what: `Controller ${id}`, min: weirVersionMin, max: weirVersionMax });
    for (const { id, weirVersionMin, weirVersionMax } of image.brokers()) {
      // Below level 2 nothing is known of it; every cluster of that level is one node, which runs this build.
      if (weirVersionMax !== -1) nodes.push({ what: `Broker ${id}`, min: weirVersionMin, max: weirVersionMax });
    }
  }
  const unable = nodes.find(({ min, max }) => level < min || level > max);
  return unable === undefined ? null : `${unable.what} only supports versions ${unable.min}-${unable.max}`;
}

/** UNSUPPORTED_VERSION while the cluster's `weir.version` is below what something needs. */
export function levelProblem(image: MetadataImage, needed: number, what: string): CodedResult | null {
  const level = levelIn(image, WEIR_VERSION);
  if (level >= needed) return null;
  const way = `raise it with kafka-features upgrade --feature ${WEIR_VERSION}=${needed}`;
  return problem(
    ErrorCode.UNSUPPORTED_VERSION,
    `${what} from ${WEIR_VERSION} ${needed} on, the cluster is at ${level}: ${way}`,
  );
}

/** UNSUPPORTED_VERSION for a node that can't work at the cluster's `weir.version`. */
export function rangeProblem(
  image: MetadataImage,
  { weirVersionMin, weirVersionMax }: { readonly weirVersionMin: number; readonly weirVersionMax: number },
  who: string,
): CodedResult | null {
  const level = levelIn(image, WEIR_VERSION);
  if (level >= weirVersionMin && level <= weirVersionMax) return null;
  const range = `${weirVersionMin} to ${weirVersionMax}`;
  return problem(ErrorCode.UNSUPPORTED_VERSION, `the cluster is at ${WEIR_VERSION} ${level}, ${who} can do ${range}`);
}
