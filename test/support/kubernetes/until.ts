const DEADLINE_MS = 60_000;
const PAUSE_MS = 2;

/** Waits until something is so. */
export async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`not so after ${DEADLINE_MS} ms: ${String(isSo)}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
