import { parseArgs } from 'node:util';
import type { KubernetesObject } from '../../../operator/ports/kubernetes.ts';
import { isRecord } from '../../../operator/api/validate.ts';

type Answer = Readonly<Record<string, unknown>>;

/** One kind as the API server tells of it. */
interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
  /** Under which it is asked for, in small letters. */
  readonly names: readonly string[];
}

const recordsOf = (value: unknown): readonly Answer[] => (Array.isArray(value) ? value.filter(isRecord) : []);
const textsOf = (value: unknown): readonly string[] => (Array.isArray(value) ? value.map(String) : []);

/**
 * `kubectl get … -o json` by requests alone: a test that waits for an object asks many times a second, and each start of kubectl costs
 * half a second of a processor.
 */
export class ObjectReader {
  readonly #ask: (path: string, query: Readonly<Record<string, string>>) => Promise<Answer>;
  #kinds: readonly Kind[] = [];

  /** `ask` gives what the API server answers to a GET, a refusal too. */
  constructor(ask: (path: string, query: Readonly<Record<string, string>>) => Promise<Answer>) {
    this.#ask = ask;
  }

  /**
   * Takes kinds (commas between them) or one kind and a name, `-n`, `-l` and `--field-selector`. Gives the object, or a list of all
   * of them. Rejects with what the API server says.
   */
  async get(args: readonly string[]): Promise<KubernetesObject> {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        namespace: { type: 'string', short: 'n', default: 'default' },
        selector: { type: 'string', short: 'l' },
        'field-selector': { type: 'string' },
      },
    });
    const [kinds = '', name] = positionals;
    const query = {
      ...(values.selector === undefined ? {} : { labelSelector: values.selector }),
      ...(values['field-selector'] === undefined ? {} : { fieldSelector: values['field-selector'] }),
    };
    const answers: Answer[] = [];
    for (const asked of kinds.split(',')) {
      const kind = await this.#kind(asked);
      const answer = await this.#read(pathOf(kind, values.namespace, name), query);
      // Those of a list don't say what they are.
      const { apiVersion, kind: is } = kind;
      if (name === undefined)
        answers.push(...recordsOf(answer['items']).map((one) => ({ apiVersion, kind: is, ...one })));
      else answers.push(answer);
    }
    const [found] = answers;
    // What an API server says of its objects.
    return (name === undefined ? { kind: 'List', items: answers } : found) as unknown as KubernetesObject;
  }

  async #read(path: string, query: Readonly<Record<string, string>>): Promise<Answer> {
    const answer = await this.#ask(path, query);
    if (answer['kind'] === 'Status') throw new Error(`${path}: ${String(answer['message'])}`);
    return answer;
  }

  /** Kinds come and go with CRDs: one that is not known is looked for again. */
  async #kind(name: string): Promise<Kind> {
    const known = (): Kind | undefined => this.#kinds.find(({ names }) => names.includes(name.toLowerCase()));
    if (known() === undefined) this.#kinds = await this.#discover();
    return known() ?? raise(`the API server knows no kind ${name}`);
  }

  async #discover(): Promise<readonly Kind[]> {
    const groups = recordsOf((await this.#read('/apis', {}))['groups']);
    const versions = groups.map(({ preferredVersion }) =>
      isRecord(preferredVersion) ? String(preferredVersion['groupVersion']) : '',
    );
    const lists = [this.#read('/api/v1', {}), ...versions.map((version) => this.#read(`/apis/${version}`, {}))];
    return (await Promise.all(lists)).flatMap((list) => {
      const apiVersion = String(list['groupVersion']);
      return recordsOf(list['resources'])
        .filter(({ name }) => !String(name).includes('/'))
        .map((one) => kindOf(apiVersion, one));
    });
  }
}

function kindOf(apiVersion: string, { name, singularName, shortNames, kind, namespaced }: Answer): Kind {
  const plural = String(name);
  const [group = ''] = apiVersion.split('/');
  const singular = String(singularName);
  const names = [plural, singular, `${plural}.${group}`, `${singular}.${group}`, ...textsOf(shortNames)];
  return { apiVersion, kind: String(kind), plural, isNamespaced: namespaced === true, names };
}

function pathOf({ apiVersion, plural, isNamespaced }: Kind, namespace: string, name: string | undefined): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const within = isNamespaced ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${within}/${plural}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}

function raise(message: string): never {
  throw new Error(message);
}
