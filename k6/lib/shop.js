// The Sales API, as a buyer's program calls it. What it promises is in docs/openapi.json.

import http from 'k6/http';
import { check, fail, sleep } from 'k6';
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';

export const SHOP = (__ENV.SHOP_URL || 'http://127.0.0.1:8090').replace(/\/+$/, '');

export const sold = new Counter('sold');
export const outOfStock = new Counter('out_of_stock');

// Tries of one purchase: a shop that does not know the answer is asked again, with the same key.
const TRIES_MAX = 5;

// Out of stock is an answer and no failure; whatever else is no 200 counts as failed.
http.setResponseCallback(http.expectedStatuses(200, 409));

// Reads a page of products; name makes all pages one row of the summary.
export function products(after) {
  const query = after ? `?after=${encodeURIComponent(after)}` : '';
  const answer = http.get(`${SHOP}/v1/products${query}`, { tags: { name: 'products' } });
  check(answer, { 'products: 200': (one) => one.status === 200 });
  return answer.status === 200 ? answer.json() : { products: [], next: null };
}

export function product(sku) {
  const url = `${SHOP}/v1/products/${encodeURIComponent(sku)}`;
  const answer = http.get(url, { tags: { name: 'product' } });
  check(answer, {
    'product: 200, and never below 0': (one) => one.status === 200 && one.json('stock') >= 0,
  });
  return answer.status === 200 ? answer.json() : null;
}

// The product of SHOP_SKU, or else the one of which there are most. For setup().
export function chosen() {
  if (__ENV.SHOP_SKU) {
    return product(__ENV.SHOP_SKU) || fail(`no product ${__ENV.SHOP_SKU}`);
  }
  let best = null;
  let page = { next: '' };
  while (page.next !== null) {
    page = products(page.next);
    for (const one of page.products) {
      best = best && best.stock >= one.stock ? best : one;
    }
  }
  return best || fail(`no product at ${SHOP}`);
}

// One purchase, and its answer: the sale, or null if there was too little. It is repeated with
// its key while the shop does not know.
export function buy(sku, quantity) {
  const key = crypto.randomUUID();
  const wanted = { sku, quantity, buyer: `k6-${exec.vu.idInTest}` };
  let answer = checkout(key, wanted);
  for (let tries = 1; answer.status === 503 && tries < TRIES_MAX; tries += 1) {
    sleep(Number(answer.headers['Retry-After'] || 1));
    answer = checkout(key, wanted);
  }
  check(answer, { 'checkout: sold as wanted, or too little left': (one) => isTrue(one, wanted) });
  if (answer.status === 200) {
    sold.add(quantity);
    return answer.json();
  }
  if (answer.status === 409) {
    outOfStock.add(1);
  }
  return null;
}

// The request itself, for any body and key.
export function checkout(key, body, params) {
  const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': key };
  const all = { headers, tags: { name: 'checkout' }, ...params };
  return http.post(`${SHOP}/v1/checkout`, JSON.stringify(body), all);
}

export function sale(id) {
  return http.get(`${SHOP}/v1/sales/${id}`, { tags: { name: 'sale' } });
}

function isTrue(answer, wanted) {
  if (answer.status === 200) {
    const { sku, quantity, remaining } = answer.json();
    return sku === wanted.sku && quantity === wanted.quantity && remaining >= 0;
  }
  return (
    answer.status === 409 &&
    answer.json('reason') === 'OutOfStock' &&
    answer.json('available') < wanted.quantity
  );
}
