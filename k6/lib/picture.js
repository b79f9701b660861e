// A run as a picture: its times as bars, its counts and its verdict as text. Plain SVG.

import { STATISTICS, counts, times, verdicts } from './summary.js';

const WIDTH = 760;
const ROW = 22;
const LABEL = 110;
const BAR = 480;

export function picture(script, data) {
  const parts = [text(16, 28, `${script}: ${broken(data)}`, 18)];
  let top = 56;
  for (const time of times(data)) {
    parts.push(bars(time, top));
    top += ROW * (STATISTICS.length + 2);
  }
  for (const { name, count, rate } of counts(data)) {
    parts.push(text(16, top, `${name}: ${count} (${rate.toFixed(1)} a second)`));
    top += ROW;
  }
  for (const { metric, rule, ok } of verdicts(data)) {
    const colour = ok ? '#1a7f37' : '#cf222e';
    parts.push(text(16, top, `${ok ? 'held' : 'FAILED'}: ${metric} ${rule}`, 13, colour));
    top += ROW;
  }
  const box = `width="${WIDTH}" height="${top}" viewBox="0 0 ${WIDTH} ${top}"`;
  const page = `<rect width="${WIDTH}" height="${top}" fill="#ffffff"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${box}>${page}${parts.join('')}</svg>\n`;
}

function broken(data) {
  const failed = verdicts(data).filter(({ ok }) => !ok).length;
  return failed ? `${failed} thresholds FAILED` : 'all thresholds held';
}

function bars({ name, values }, top) {
  const most = Math.max(...values, Number.MIN_VALUE);
  const rows = values.map((value, at) => {
    const y = top + ROW * (at + 1);
    const width = ((value / most) * BAR).toFixed(1);
    const bar = `<rect x="${LABEL}" y="${y - 13}" width="${width}" height="16" fill="#0969da"/>`;
    const number = text(LABEL + BAR + 10, y, `${value.toFixed(1)} ms`);
    return text(32, y, STATISTICS[at]) + bar + number;
  });
  return text(16, top, name, 14) + rows.join('');
}

function text(x, y, words, size = 13, colour = '#1f2328') {
  const safe = words.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  const style = `font-family="sans-serif" font-size="${size}" fill="${colour}"`;
  return `<text x="${x}" y="${y}" ${style}>${safe}</text>`;
}
