import { type Figures, MEASURES, middle } from './measures.ts';
import { SUBJECTS, type SubjectName } from './subjects.ts';

/** Figures of every subject, one entry a round. */
export type Results = Readonly<Record<SubjectName, readonly Figures[]>>;

/** Which columns are compared: Weir's with the one of Kafka that promises the nearest. */
const PAIRS: readonly (readonly [SubjectName, SubjectName])[] = [
  ['weir fsync', 'kafka'],
  ['weir replicated', 'kafka'],
  ['weir fsync', 'kafka flush'],
];

/** One line of the table: a figure for each subject and a ratio for each pair, above 1 where Weir is the better one. */
export type Row = {
  readonly measure: string;
  readonly unit: string;
  readonly figures: Readonly<Record<string, number>>;
  readonly ratios: Readonly<Record<string, number>>;
};

/** The rows of the table: the middle of all rounds, and the ratios. */
export function rowsOf(results: Results): readonly Row[] {
  return Object.entries(MEASURES).map(([measure, { unit, isMoreBetter }]) => {
    const figure = (subject: SubjectName): number =>
      middle(results[subject].map((round) => round[measure] ?? Number.NaN));
    const ratio = ([weir, kafka]: readonly [SubjectName, SubjectName]): [string, number] => {
      const quotient = figure(weir) / figure(kafka);
      return [`${weir} : ${kafka}`, isMoreBetter ? quotient : 1 / quotient];
    };
    return {
      measure,
      unit,
      figures: Object.fromEntries(SUBJECTS.map((name) => [name, figure(name)])),
      ratios: Object.fromEntries(PAIRS.map(ratio)),
    };
  });
}

/** The table as text. */
export function render(rows: readonly Row[]): string {
  const [first] = rows;
  if (first === undefined) return '';
  const header = ['', 'unit', ...Object.keys(first.figures), ...Object.keys(first.ratios)];
  const body = rows.map(({ measure, unit, figures, ratios }) => [
    measure,
    unit,
    ...Object.values(figures).map(short),
    ...Object.values(ratios).map((ratio) => `${ratio.toFixed(2)}×`),
  ]);
  const widths = header.map((_, column) => Math.max(...[header, ...body].map((line) => (line[column] ?? '').length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

/** Measures as lines, subjects as columns: the middle of each one's rounds. Lines are pairs of a measure and what is written for it. */
export function renderMiddles(
  found: ReadonlyMap<string, readonly Figures[]>,
  lines: readonly (readonly [measure: string, title: string])[],
): string {
  const cell = (rounds: readonly Figures[], measure: string): string =>
    short(middle(rounds.map((round) => round[measure] ?? Number.NaN)));
  const width = Math.max(...lines.map(([, title]) => title.length));
  const row = (title: string, cells: readonly string[]): string =>
    `${title.padEnd(width)}${cells.map((text) => text.padStart(18)).join('')}`;
  return [
    row('', [...found.keys()]),
    ...lines.map(([measure, title]) =>
      row(
        title,
        [...found.values()].map((rounds) => cell(rounds, measure)),
      ),
    ),
  ].join('\n');
}

function short(figure: number): string {
  if (!Number.isFinite(figure)) return '?';
  if (figure >= 1000) return String(Math.round(figure));
  return figure >= 10 ? figure.toFixed(1) : figure.toFixed(2);
}
