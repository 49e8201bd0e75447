ALTER TABLE messages DROP COLUMN model;
ALTER TABLE messages DROP COLUMN api_url;
