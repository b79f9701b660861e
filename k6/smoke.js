// One buyer, once: every route answers as it is documented.

import http from 'k6/http';
import { check } from 'k6';
import { SHOP, buy, checkout, chosen, product, products, sale } from './lib/shop.js';
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
  otherRoutes();
  oldShop();
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

function otherRoutes() {
  const cases = [
    ['GET', '/openapi.json', 200],
    ['GET', '/k6-no-such-route', 404],
    ['DELETE', '/v1/checkout', 405],
  ];
  for (const [method, path, status] of cases) {
    const answer = http.request(method, `${SHOP}${path}`, null, expecting(status));
    check(answer, { [`${method} ${path}: ${status}`]: (one) => one.status === status });
  }
}

// Only where they are served. Such a purchase names a product that is not there: it has no key,
// and buys of the first product otherwise.
function oldShop() {
  const first = http.get(`${SHOP}/product/donut`, expecting(200, 404));
  if (first.status === 404) {
    return;
  }
  check(first, { 'the old shop: a row': (one) => one.json('product_id') !== undefined });
  const wanted = JSON.stringify({ productSku: 'k6-no-such-product' });
  const none = http.post(`${SHOP}/checkout`, wanted, expecting(400));
  check(none, { 'the old shop: no such product, 400': (one) => one.status === 400 });
}

function expecting(...statuses) {
  return { responseCallback: http.expectedStatuses(...statuses) };
}
