/** A controller and where its control plane listens. */
export interface ControllerEntry {
  /** `node.id`. */
  readonly id: number;
  readonly host: string;
  readonly port: number;
}

/** Controllers, or why the text is refused. */
export type ParsedControllers =
  | { readonly problem: null; readonly controllers: readonly ControllerEntry[] }
  | { readonly problem: string; readonly controllers: null };

const CONTROLLER_COUNT_MAX = 16;
const ENTRY = /^([0-9]{1,10})@(\[[0-9A-Fa-f:.%]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})$/;
const ID_MAX = 2 ** 31 - 1;
const PORT_MAX = 65_535;

/** Reads `ID@HOST:PORT,…`, Kafka's form of `controller.quorum.voters`; IPv6 hosts stand in brackets, ids are unique. */
export function parseControllers(text: string): ParsedControllers {
  if (text === '') return { problem: null, controllers: [] };
  const parts = text.split(',').map((part) => part.trim());
  if (parts.length > CONTROLLER_COUNT_MAX)
    return refused(`must not hold more than ${CONTROLLER_COUNT_MAX} controllers`);
  const controllers: ControllerEntry[] = [];
  for (const part of parts) {
    const [, rawId = '', rawHost = '', rawPort = ''] = ENTRY.exec(part) ?? [];
    const [id, port] = [Number(rawId), Number(rawPort)];
    if (rawId === '' || id > ID_MAX || port < 1 || port > PORT_MAX)
      return refused(`must be ID@HOST:PORT entries separated by commas, not "${part.slice(0, 100)}"`);
    if (controllers.some((one) => one.id === id)) return refused(`must not name controller ${id} twice`);
    controllers.push({ id, host: rawHost.startsWith('[') ? rawHost.slice(1, -1) : rawHost, port });
  }
  return { problem: null, controllers };
}

function refused(problem: string): ParsedControllers {
  return { problem, controllers: null };
}
