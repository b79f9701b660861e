// One buyer, once: every route answers as it is documented.

import http from 'k6/http';
import { check } from 'k6';
import { buy, checkout, chosen, product, products, sale } from './lib/shop.js';
import { STATISTICS, summaryOf } from './lib/summary.js';

export const options = {
  vus: 1,
  iterations: 1,
  thresholds: { checks: ['rate==1'], http_req_failed: ['rate==0'], sold: ['count==1'] },
  summaryTrendStats: STATISTICS,
};

export const handleSummary = summaryOf('smoke');

export const setup = chosen;

export default function smoke({ sku }) {
  products();
  product(sku);
  const bought = buy(sku, 1);
  if (bought) {
    const found = sale(bought.saleId);
    check(found, { 'sale: as it was answered': (one) => one.json('sku') === sku });
  }
  repeats(sku);
  refusals(sku);
}

// The same key gives the same answer; another purchase under it is refused.
function repeats(sku) {
  const [key, wanted] = [crypto.randomUUID(), { sku, quantity: 1, buyer: 'k6-repeats' }];
  const [first, second] = [checkout(key, wanted), checkout(key, wanted)];
  check(second, { 'checkout: the same key, the same answer': (one) => one.body === first.body });
  const other = checkout(key, { ...wanted, quantity: 2 }, expecting(422));
  check(other, { 'checkout: another purchase, 422': (one) => one.status === 422 });
}

function refusals(sku) {
  const good = { sku, quantity: 1, buyer: 'k6-refusals' };
  const cases = [
    ['no quantity', { sku, buyer: 'k6' }, 400],
    ['zero', { ...good, quantity: 0 }, 400],
    ['negative', { ...good, quantity: -1 }, 400],
    ['a fraction', { ...good, quantity: 1.5 }, 400],
    ['a text', { ...good, quantity: 'one' }, 400],
    ['a field that is not known', { ...good, price: 0 }, 400],
    ['no such product', { ...good, sku: 'k6-no-such-product' }, 404],
  ];
  for (const [name, body, status] of cases) {
    const answer = checkout(crypto.randomUUID(), body, expecting(status));
    check(answer, { [`checkout: ${name}, ${status}`]: (one) => one.status === status });
  }
}

function expecting(status) {
  return { responseCallback: http.expectedStatuses(status) };
}
