// A crowd stands before an empty shelf: everybody is told so, the shop restocks, and everybody
// gets a donut. It needs the whole way: sales, relay, ingest, controller, a factory, receiver.
//
// SHOP_SKU names a product that is sold out, whose restock brings at least as many as there are
// buyers. Without RESTOCK_ONE_MESSAGE_AT_A_TIME each buyer who finds none orders a restock.

import { check, sleep } from 'k6';
import { Trend } from 'k6/metrics';
import { buy, chosen, product } from './lib/shop.js';
import { STATISTICS, summaryOf } from './lib/summary.js';

const BUYERS = Number(__ENV.SHOP_BUYERS || 100);
// A legacy factory delivers within 50 s.
const PATIENCE_SECONDS = Number(__ENV.SHOP_PATIENCE_SECONDS || 120);

// From a buyer's first answer "out of stock" to the donut.
const restockedAfter = new Trend('restocked_after', true);

export const options = {
  scenarios: {
    crowd: {
      executor: 'per-vu-iterations',
      vus: BUYERS,
      iterations: 1,
      maxDuration: `${PATIENCE_SECONDS + 60}s`,
    },
  },
  thresholds: {
    checks: ['rate==1'],
    http_req_failed: ['rate<0.001'],
    'http_req_duration{name:checkout}': ['p(99)<2000'],
    out_of_stock: ['count>0'],
    sold: [`count==${BUYERS}`],
  },
  summaryTrendStats: STATISTICS,
};

export const handleSummary = summaryOf('flash-crowd');

export function setup() {
  const { sku, stock } = chosen();
  check(stock, { 'the shelf is empty': () => stock === 0 });
  return { sku };
}

export default function flashCrowd({ sku }) {
  const began = Date.now();
  let bought = buy(sku, 1);
  const waited = bought === null;
  while (bought === null && Date.now() - began < PATIENCE_SECONDS * 1000) {
    sleep(1 + Math.random());
    // Only looking: another try that fails would be another message.
    const now = product(sku);
    bought = now && now.stock > 0 ? buy(sku, 1) : null;
  }
  check(bought, { 'the buyer has a donut': () => bought !== null });
  if (waited && bought) {
    restockedAfter.add(Date.now() - began);
  }
}
