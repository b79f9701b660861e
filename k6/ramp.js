// The first test that the shop ever had: buyers of one product, up to 20 at a time and back.

import { sleep } from 'k6';
import { buy, chosen } from './lib/shop.js';
import { STATISTICS, summaryOf } from './lib/summary.js';

export const options = {
  stages: [
    { duration: '30s', target: 20 },
    { duration: '1m', target: 20 },
    { duration: '30s', target: 0 },
  ],
  thresholds: {
    checks: ['rate==1'],
    http_req_failed: ['rate<0.001'],
    'http_req_duration{name:checkout}': ['p(95)<250', 'p(99)<1000'],
    sold: ['count>0'],
  },
  summaryTrendStats: STATISTICS,
};

export const handleSummary = summaryOf('ramp');

export const setup = chosen;

export default function ramp({ sku }) {
  buy(sku, 1);
  // A buyer looks at what there is.
  sleep(0.1);
}
