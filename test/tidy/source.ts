import { type Comment, parseSync } from 'oxc-parser';

/** A node of the syntax tree; what is inside depends on `type` and is read by name (ESTree with TypeScript). */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** A TypeScript file that was read and parsed. `path` is relative to the project, with slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly program: SyntaxNode;
  readonly comments: readonly Comment[];
}

/** Something that a rule found. `line` counts from 1. */
export interface Finding {
  readonly rule: string;
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** A rule over one file. */
export interface Rule {
  readonly name: string;
  check(file: SourceFile, report: (node: { readonly start: number }, message: string) => void): void;
}

/** Parses a file; a syntax error throws with its message. */
export function parseSource(path: string, text: string): SourceFile {
  const { program, comments, errors } = parseSync(path, text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${path}: ${error.message}`);
  // The parser's own types are a union of 200 shapes; the rules read few fields of few of them.
  return { path, text, program: program as unknown as SyntaxNode, comments };
}

/** True for a node of the tree, false for the plain values among its fields. */
export function isNode(value: unknown): value is SyntaxNode {
  return (
    typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string' && 'start' in value
  );
}

/** The nodes directly below `node`. */
export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (const value of Object.values(node)) {
    if (isNode(value)) children.push(value);
    else if (Array.isArray(value))
      for (const element of value as unknown[]) if (isNode(element)) children.push(element);
  }
  return children;
}

/** Calls `visit` for every node below `root` with its parent, parents first. */
export function walk(root: SyntaxNode, visit: (node: SyntaxNode, parent: SyntaxNode) => void): void {
  for (const child of childrenOf(root)) {
    visit(child, root);
    walk(child, visit);
  }
}

/** Name of an identifier, or '' for anything else. */
export function nameOf(node: unknown): string {
  return isNode(node) && typeof node['name'] === 'string' ? node['name'] : '';
}

/** Line of an offset, from 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/** Runs rules over a file. */
export function check(file: SourceFile, rules: readonly Rule[]): Finding[] {
  const findings: Finding[] = [];
  for (const rule of rules) {
    rule.check(file, ({ start }, message) => {
      findings.push({ rule: rule.name, path: file.path, line: lineAt(file.text, start), message });
    });
  }
  return findings;
}
