DROP INDEX outbox_waiting;
ALTER TABLE refresh_token DROP COLUMN parent;
DROP TABLE login_attempt;
