import { isNode, lineAt, nameOf, type Rule, type SourceFile, type SyntaxNode, walk } from '../source.ts';

/** Past these, look for the smaller machine inside (STYLE.md). */
export const FILE_LINES_MAX = 500;
/** Lines of one function, braces included. */
export const FUNCTION_LINES_MAX = 70;

const FUNCTION = /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/;

/** A file of data: nothing in it computes. */
function isDataTable({ program }: SourceFile): boolean {
  let computes = false;
  walk(program, (node) => {
    if (FUNCTION.test(node.type)) computes = true;
  });
  return !computes;
}

/** `describe(…, () => {…})` is a chapter, not a function. */
function isChapter(parent: SyntaxNode): boolean {
  if (parent.type !== 'CallExpression' || !isNode(parent['callee'])) return false;
  const { callee } = parent;
  const root = callee.type === 'CallExpression' && isNode(callee['callee']) ? callee['callee'] : callee;
  return nameOf(root) === 'describe' || nameOf(root['object']) === 'describe';
}

/** Files of at most 500 lines, functions of at most 70; generated files and tables of data are as long as they are. */
export const size: Rule = {
  name: 'size',
  check(file, report) {
    if (file.path.endsWith('.generated.ts')) return;
    const lines = lineAt(file.text.trimEnd(), file.text.length);
    if (lines > FILE_LINES_MAX && !isDataTable(file))
      report(file.program, `${lines} lines, ${FILE_LINES_MAX} are the limit`);
    walk(file.program, (node, parent) => {
      if (!FUNCTION.test(node.type) || isChapter(parent)) return;
      const length = lineAt(file.text, node.end) - lineAt(file.text, node.start) + 1;
      const name = nameOf(node['id']) || nameOf(parent['key']) || nameOf(parent['id']) || 'a function';
      if (length > FUNCTION_LINES_MAX) report(node, `${name} has ${length} lines, ${FUNCTION_LINES_MAX} are the limit`);
    });
  },
};
