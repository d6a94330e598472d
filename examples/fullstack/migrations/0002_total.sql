ALTER TABLE orders ADD COLUMN total integer; -- in cents; set with status 'done'
