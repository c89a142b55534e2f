import { isNode, nameOf, type Rule, type SourceFile, type SyntaxNode } from '../source.ts';

/** True when a `/** … *\/` comment ends directly before `start`. */
function hasDocstring({ comments, text }: SourceFile, start: number): boolean {
  return comments.some(
    ({ type, value, end }) =>
      type === 'Block' &&
      value.startsWith('*') &&
      /\w/.test(value) &&
      end <= start &&
      /^\s*$/.test(text.slice(end, start)),
  );
}

function declaredNames(declaration: SyntaxNode): string[] {
  const declarators = declaration['declarations'];
  const nodes = Array.isArray(declarators) ? (declarators as unknown[]).filter(isNode) : [declaration];
  return nodes.map((node) => nameOf(node['id']) || 'this export');
}

function checkList(file: SourceFile, statement: SyntaxNode, body: readonly SyntaxNode[], report: Report): void {
  for (const specifier of statement['specifiers'] as unknown[]) {
    const name = isNode(specifier) ? nameOf(specifier['local']) : '';
    const declared = body.find((each) => declaredNames(each).includes(name));
    if (declared !== undefined && !hasDocstring(file, declared.start)) report(declared, `${name} needs a docstring`);
  }
}

type Report = (node: SyntaxNode, message: string) => void;

/** Every export says what it is for. The quality of the saying is for readers to judge. */
export const docs: Rule = {
  name: 'docs',
  check(file, report) {
    const body = (file.program['body'] as unknown[]).filter(isNode);
    const exported = body.filter(({ type, source }) => type === 'ExportNamedDeclaration' && !isNode(source));
    const named = exported.flatMap((statement) => {
      const { declaration } = statement;
      return isNode(declaration) ? declaredNames(declaration).map((name) => ({ name, statement })) : [];
    });
    // One text serves all overloads, and a type with the value of the same name.
    const isDocumented = (name: string): boolean =>
      named.some((each) => each.name === name && hasDocstring(file, each.statement.start));
    for (const { name, statement } of named) if (!isDocumented(name)) report(statement, `${name} needs a docstring`);
    for (const statement of exported) {
      if (!isNode(statement['declaration'])) checkList(file, statement, body, report);
    }
  },
};
