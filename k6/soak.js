// A quiet day, for long: visitors come at an even rate, most look and some buy. What leaks or
// slows down shows here. SHOP_MINUTES and SHOP_VISITORS (a second) set how long and how many.

import { chosen, buy, product, products } from './lib/shop.js';
import { STATISTICS, summaryOf } from './lib/summary.js';

const MINUTES = Number(__ENV.SHOP_MINUTES || 30);
const VISITORS = Number(__ENV.SHOP_VISITORS || 20);
const BUYS = 0.2;

export const options = {
  scenarios: {
    day: {
      executor: 'constant-arrival-rate',
      rate: VISITORS,
      duration: `${Math.round(MINUTES * 60)}s`,
      preAllocatedVUs: VISITORS,
      maxVUs: VISITORS * 10,
    },
  },
  thresholds: {
    checks: ['rate>0.9999'],
    http_req_failed: ['rate<0.0001'],
    http_req_duration: ['p(95)<100', 'p(99)<500'],
    dropped_iterations: ['count==0'],
    sold: ['count>0'],
  },
  summaryTrendStats: STATISTICS,
};

export const handleSummary = summaryOf('soak');

export const setup = chosen;

export default function soak({ sku }) {
  products();
  product(sku);
  if (Math.random() < BUYS) {
    buy(sku, 1);
  }
}
