import { isNode, nameOf, type Rule, type SyntaxNode, walk } from '../source.ts';

const BANNED: Readonly<Record<string, string>> = {
  TSAnyKeyword: 'any',
  TSEnumDeclaration: 'enum',
  TSModuleDeclaration: 'namespace or module declaration',
  TSParameterProperty: 'parameter property',
  Decorator: 'decorator',
  ExportDefaultDeclaration: 'default export',
  TSNonNullExpression: 'non-null assertion !',
  TSExportAssignment: 'export =',
  TSImportEqualsDeclaration: 'import =',
  WithStatement: 'with',
};

/** What the language offers and this project leaves out (STYLE.md, "Language"). */
export const language: Rule = {
  name: 'language',
  check({ program, comments }, report) {
    walk(program, (node) => {
      const what = BANNED[node.type];
      if (what !== undefined) report(node, `no ${what}`);
      if (node.type === 'VariableDeclarator' && node['definite'] === true) report(node, 'no definite assignment !');
    });
    for (const comment of comments) {
      if (/@ts-(ignore|nocheck|expect-error)/.test(comment.value)) report(comment, 'the compiler is not silenced');
    }
  },
};

const TEST_NAMES = /^(test|it|describe)$/;
const SWITCHED = /^(skip|only|todo|failing)$/;
const SWITCHED_NAMES = /^(xtest|xit|xdescribe|fit|fdescribe)$/;
const MOCKS = /^(mock|unstable_mockModule|doMock|retryTimes|setTimeout)$/;

function memberOf(node: SyntaxNode): { object: string; property: string } {
  const { object } = node;
  // `test.each.skip` and `test.skip.each` are chains: their root decides.
  const root = isNode(object) && object.type === 'MemberExpression' ? memberOf(object).object : nameOf(object);
  return { object: root, property: nameOf(node['property']) };
}

/** Tests run, all of them, against the real modules. */
export const honestTests: Rule = {
  name: 'honest tests',
  check({ path, program }, report) {
    if (!path.startsWith('test/')) return;
    walk(program, (node) => {
      if (node.type === 'CallExpression' && SWITCHED_NAMES.test(nameOf(node['callee'])))
        report(node, 'a test is switched off');
      if (node.type !== 'MemberExpression') return;
      const { object, property } = memberOf(node);
      if (TEST_NAMES.test(object) && SWITCHED.test(property)) report(node, `${object}.${property} leaves tests out`);
      if (object === 'jest' && MOCKS.test(property))
        report(node, `jest.${property}: no module mocks, retries or longer waits`);
    });
  },
};
