// What a run found: a table for the terminal, and a picture. Nothing is fetched for it.

import { picture } from './picture.js';

// What is kept of each time.
export const STATISTICS = ['min', 'med', 'avg', 'p(90)', 'p(95)', 'p(99)', 'max'];

const TIMES = ['http_req_duration', 'iteration_duration', 'restocked_after'];
const COUNTS = ['sold', 'out_of_stock', 'http_reqs', 'iterations', 'dropped_iterations'];

// The handleSummary of a script: `export const handleSummary = summaryOf('smoke')`.
export function summaryOf(script) {
  return (data) => {
    const file = __ENV.SHOP_PICTURE || `k6-${script}.svg`;
    const text = [table(script, data), `The picture is ${file}`, ''].join('\n');
    return { stdout: `\n${text}\n`, [file]: picture(script, data) };
  };
}

// Each threshold, and whether it held.
export function verdicts(data) {
  return Object.entries(data.metrics).flatMap(([metric, { thresholds = {} }]) =>
    Object.entries(thresholds).map(([rule, { ok }]) => ({ metric, rule, ok })),
  );
}

// The times of the run that has any, in milliseconds.
export function times(data) {
  return TIMES.filter((name) => data.metrics[name]).map((name) => ({
    name,
    values: STATISTICS.map((key) => data.metrics[name].values[key]),
  }));
}

// The counts of the run, and how many a second.
export function counts(data) {
  return COUNTS.filter((name) => data.metrics[name]).map((name) => ({
    name,
    ...data.metrics[name].values,
  }));
}

function table(script, data) {
  const rows = [[script, ...STATISTICS]];
  for (const { name, values } of times(data)) {
    rows.push([name, ...values.map((value) => `${value.toFixed(1)} ms`)]);
  }
  const checks = data.metrics.checks;
  const held = checks ? `${checks.values.passes} held, ${checks.values.fails} failed` : 'none';
  return [
    aligned(rows),
    '',
    aligned(counts(data).map(({ name, count, rate }) => [name, `${count}`, `${rate.toFixed(1)}/s`])),
    '',
    `checks: ${held}`,
    ...verdicts(data).map(({ metric, rule, ok }) => `${ok ? 'held  ' : 'FAILED'} ${metric} ${rule}`),
  ].join('\n');
}

// The first column to the left, numbers to the right.
function aligned(rows) {
  const widths = [];
  for (const row of rows) {
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] || 0, cell.length);
    });
  }
  const padded = (cell, at) => (at ? cell.padStart(widths[at]) : cell.padEnd(widths[at]));
  return rows.map((row) => row.map(padded).join('  ')).join('\n');
}
