-- The outbox is made again by the next step, with what the relay and the shop need to know.
-- No version before this one wrote to it. Two steps, for each is one statement that may be
-- run again, and MySQL has no ADD COLUMN IF NOT EXISTS.
DROP TABLE IF EXISTS outbox
