-- Where a person is written to, and which kinds of alerts they do not want to be mailed (codes separated by spaces).
CREATE TABLE subscription (
    person_id BLOB NOT NULL REFERENCES person (id),
    email TEXT,
    muted TEXT NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (person_id)
) STRICT, WITHOUT ROWID;

-- Mail that must leave: a step of an alert, for one person, once. Taken by state with a lease, as the outbox is.
CREATE TABLE mail (
    city INTEGER NOT NULL,
    id BLOB NOT NULL,
    alert_id BLOB NOT NULL,
    seq INTEGER NOT NULL,
    person_id BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
    attempts INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    given_up_at INTEGER NOT NULL,
    leased_until INTEGER,
    last_error TEXT,
    PRIMARY KEY (city, id),
    UNIQUE (city, alert_id, seq, person_id),
    FOREIGN KEY (city, alert_id, seq) REFERENCES alert_event (city, alert_id, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_due ON mail (state, due_at);

-- Who shall answer an alert; who closed it, with their note beside that of whoever acknowledged it; when it was found that
-- nobody answers.
ALTER TABLE alert ADD COLUMN assigned_to BLOB;
ALTER TABLE alert ADD COLUMN closed_by BLOB;
ALTER TABLE alert ADD COLUMN closing_note TEXT;
ALTER TABLE alert ADD COLUMN unanswered_at INTEGER;

-- What was put here until now for whoever sends mail has no recipient and is old: it is not sent.
UPDATE outbox SET state = 'done' WHERE topic = 'alert' AND state = 'waiting';
