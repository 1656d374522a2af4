ALTER TABLE alert DROP COLUMN unanswered_at;
ALTER TABLE alert DROP COLUMN closing_note;
ALTER TABLE alert DROP COLUMN closed_by;
ALTER TABLE alert DROP COLUMN assigned_to;
DROP TABLE mail;
DROP TABLE subscription;
