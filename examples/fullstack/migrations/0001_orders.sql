CREATE TABLE orders (
    id serial PRIMARY KEY,
    item text NOT NULL,
    quantity integer NOT NULL CHECK (quantity > 0),
    status text NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'done'))
);
