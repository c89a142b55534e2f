/** The line that says most about how a program ended: what the broker itself said last, else an error's first line. */
export function lastWords(output: string): string {
  const lines = output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return (
    lines.findLast((line) => line.startsWith('weir')) ??
    lines.findLast((line) => /Error\b.*:/.test(line)) ??
    lines.at(-1) ??
    ''
  );
}
