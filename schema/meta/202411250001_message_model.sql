ALTER TABLE messages ADD COLUMN api_url text;
ALTER TABLE messages ADD COLUMN model text;
