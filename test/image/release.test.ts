// The workflow that publishes a version: it can't run here, but it can be read.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { ensureActionlint } from '../setup/actionlint.ts';
import { mustRun } from '../setup/run.ts';
import { ROOT } from '../tidy/tree.ts';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly permissions?: unknown;
  readonly 'timeout-minutes'?: number;
  readonly strategy?: { readonly matrix: { readonly include: readonly { readonly arch: string }[] } };
  readonly steps: readonly Step[];
}

interface Workflow {
  readonly on: unknown;
  readonly permissions: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

const GO_BUILD_MS = 30 * 60_000;
const PATH = join(ROOT, '.github/workflows/release.yaml');
const text = await readFile(PATH, 'utf8');
const workflow = parse(text) as Workflow;
const steps = Object.values(workflow.jobs).flatMap((job) => job.steps);
const scripts = steps.flatMap(({ run }) => run ?? []).join('\n');

describe('the release workflow', () => {
  test(
    'has nothing that actionlint minds',
    async () => {
      const actionlint = await ensureActionlint();
      expect(await mustRun(actionlint, ['-shellcheck=', '-pyflakes=', '-no-color', PATH])).toBe('');
    },
    GO_BUILD_MS,
  );

  test('runs for tags of versions alone, and its scripts are ones that bash takes', async () => {
    expect(workflow.on).toEqual({ push: { tags: ['v[0-9]+.[0-9]+.[0-9]+*'] } });
    for (const { run } of steps) if (run !== undefined) await mustRun('bash', ['-n'], { input: run });
  });

  test('may do in each job what that job does, and nothing elsewhere', () => {
    expect(workflow.permissions).toEqual({});
    expect(Object.fromEntries(Object.entries(workflow.jobs).map(([name, job]) => [name, job.permissions]))).toEqual({
      image: { contents: 'read', packages: 'write' },
      publish: { contents: 'read', packages: 'write', 'id-token': 'write', attestations: 'write' },
    });
    for (const job of Object.values(workflow.jobs)) expect(job['timeout-minutes']).toBeLessThanOrEqual(30);
  });

  test('uses actions by commit, each with the version beside it', () => {
    const uses = text.split('\n').filter((line) => /^\s*- uses:|^\s*uses:/.test(line));
    expect(uses.length).toBe(steps.filter((step) => step.uses !== undefined).length);
    expect(uses.filter((line) => !/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
  });

  test('keeps its token out of the checkout, of command lines and of scripts', () => {
    const checkouts = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@') === true);
    expect(checkouts.map((step) => step.with)).toEqual(checkouts.map(() => ({ 'persist-credentials': false })));
    // What an expression gives could be a script itself.
    expect(scripts).not.toContain('${{');
    expect(scripts.match(/login .*/g)).toHaveLength(3);
    for (const login of scripts.match(/login .*/g) ?? []) expect(login).toMatch(/--password-stdin <<<"\$TOKEN"$/);
  });

  test('builds for both kinds of processor, with a list of contents and provenance, and tries what it built', () => {
    expect(workflow.jobs['image']?.strategy?.matrix.include.map(({ arch }) => arch)).toEqual(['amd64', 'arm64']);
    expect(scripts).toContain('--provenance mode=max --sbom true');
    expect(scripts).toContain('--read-only --cap-drop ALL "$image@$digest" version');
  });

  test('publishes image and charts, signs each by its digest, checks that, and tells how each was made', () => {
    const attested = steps.filter(({ uses }) => uses?.startsWith('actions/attest-build-provenance@') === true);
    expect(attested.map((step) => step.with?.['subject-name'])).toEqual(
      ['image }}', 'charts }}/weir', 'charts }}/weir-cluster'].map((name) => `\${{ steps.publish.outputs.${name}`),
    );
    expect(scripts.match(/^cosign sign .*/gm)).toEqual([
      'cosign sign --yes --recursive "$IMAGE"',
      'cosign sign --yes "$OPERATOR"',
      'cosign sign --yes "$CLUSTER"',
    ]);
    expect(scripts).toContain('cosign verify "$signed"');
  });

  test('names the published image where the charts have one', async () => {
    const paths = [...scripts.matchAll(/yq -i '\.([\w.]+) = strenv\(IMAGE\)' (\S+)/g)];
    expect(paths.map(([, , file]) => file)).toEqual(['charts/weir/values.yaml', 'charts/weir-cluster/values.yaml']);
    for (const [, path = '', file = ''] of paths) {
      const values: unknown = parse(await readFile(join(ROOT, file), 'utf8'));
      const value = path
        .split('.')
        .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], values);
      expect(value).toBe('weir');
    }
  });
});
