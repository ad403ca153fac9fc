/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/template.h"

static const char cairn_yaml[] =
    "# Configuration of this project. Every option: cairn config show; one of them: cairn help KEY.\n"
    "# Later ones win: the stage's defaults, this file, .env, CAIRN_* in the environment, flags.\n"
    "\n"
    "# How far along the service is: poc, mvp, production or scale. Selects defaults.\n"
    "stage: poc\n"
    "\n"
    "project:\n"
    "  name: @NAME@\n"
    "\n"
    "listen: 127.0.0.1:8080\n"
    "\n"
    "# HTTPS, with the certificate for localhost that cairn init made.\n"
    "#tls:\n"
    "#  cert: .cairn/tls/cert.pem\n"
    "#  key: .cairn/tls/key.pem\n"
    "\n"
    "# The embedded database. For PostgreSQL, put CAIRN_DATABASE_URL into .env instead.\n"
    "database:\n"
    "  url: sqlite:data/@NAME@.db\n";

static const char first_migration[] =
    "-- The first migration: PostgreSQL's SQL, applied in one transaction, on SQLite too.\n"
    "-- cairn dev applies what is new in this folder as soon as it is saved. An applied file is\n"
    "-- never changed; add the next one with: cairn migrate new NAME\n"
    "\n"
    "CREATE TABLE customers (\n"
    "    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n"
    "    name text NOT NULL CHECK (length(name) > 0),\n"
    "    email text NOT NULL UNIQUE,\n"
    "    created_at timestamptz NOT NULL DEFAULT now()\n"
    ");\n"
    "\n"
    "CREATE TABLE products (\n"
    "    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n"
    "    name text NOT NULL,\n"
    "    price numeric(10, 2) NOT NULL CHECK (price >= 0),\n"
    "    in_stock boolean NOT NULL DEFAULT true\n"
    ");\n"
    "\n"
    "-- A foreign key is what the API embeds along: /rest/v1/orders?select=*,customers(name)\n"
    "CREATE TABLE orders (\n"
    "    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n"
    "    customer_id bigint NOT NULL REFERENCES customers (id),\n"
    "    product_id bigint NOT NULL REFERENCES products (id),\n"
    "    quantity integer NOT NULL DEFAULT 1 CHECK (quantity > 0),\n"
    "    ordered_at timestamptz NOT NULL DEFAULT now()\n"
    ");\n"
    "\n"
    "CREATE INDEX orders_customer_id_idx ON orders (customer_id);\n"
    "CREATE INDEX orders_product_id_idx ON orders (product_id);\n"
    "\n"
    "-- Comments become the descriptions in /docs.\n"
    "COMMENT ON TABLE customers IS 'People who have an account';\n"
    "COMMENT ON TABLE products IS 'What can be bought';\n"
    "COMMENT ON COLUMN products.price IS 'In euros, VAT included';\n"
    "COMMENT ON TABLE orders IS 'Who bought what, and when';\n"
    "\n"
    "INSERT INTO customers (name, email) VALUES\n"
    "    ('Ada Lovelace', 'ada@example.com'),\n"
    "    ('Grace Hopper', 'grace@example.com');\n"
    "\n"
    "INSERT INTO products (name, price) VALUES\n"
    "    ('Teapot', 24.90),\n"
    "    ('Cup', 6.50);\n"
    "\n"
    "INSERT INTO orders (customer_id, product_id, quantity) VALUES\n"
    "    (1, 1, 1),\n"
    "    (1, 2, 4),\n"
    "    (2, 2, 1);\n";

static const char env_example[] =
    "# Copy to .env, which git ignores: what differs between machines, and secrets.\n"
    "#CAIRN_LISTEN=127.0.0.1:8080\n"
    "#CAIRN_STAGE=mvp\n"
    "#CAIRN_DATABASE_URL=postgres://USER:PASSWORD@localhost:5432/@NAME@\n";

static const char gitignore[] = "# Data, logs, secrets and keys stay on this machine.\n"
                                "/data/\n"
                                "/log/\n"
                                "/.env\n"
                                "/.cairn/\n";

const struct template templates[] = {
    {"cairn.yaml", cairn_yaml},
    {"migrations/0001_init.sql", first_migration},
    {".env.example", env_example},
    {".gitignore", gitignore},
};
const unsigned template_count = sizeof(templates) / sizeof(templates[0]);
