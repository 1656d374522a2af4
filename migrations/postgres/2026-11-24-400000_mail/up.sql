-- Where a person is written to, and which kinds of alerts they do not want to be mailed (codes separated by spaces).
CREATE TABLE subscription (
    person_id uuid NOT NULL REFERENCES person (id),
    email text COLLATE "C",
    muted text COLLATE "C" NOT NULL,
    revision bigint NOT NULL,
    PRIMARY KEY (person_id)
);

-- Mail that must leave: a step of an alert, for one person, once. Taken by state with a lease, as the outbox is.
CREATE TABLE mail (
    city integer NOT NULL,
    id uuid NOT NULL,
    alert_id uuid NOT NULL,
    seq integer NOT NULL,
    person_id uuid NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('waiting', 'sent', 'failed')),
    attempts integer NOT NULL,
    due_at timestamptz NOT NULL,
    given_up_at timestamptz NOT NULL,
    leased_until timestamptz,
    last_error text COLLATE "C",
    PRIMARY KEY (city, id),
    UNIQUE (city, alert_id, seq, person_id),
    FOREIGN KEY (city, alert_id, seq) REFERENCES alert_event (city, alert_id, seq)
);
CREATE INDEX mail_due ON mail (state, due_at);

-- Who shall answer an alert; who closed it, with their note beside that of whoever acknowledged it; when it was found that
-- nobody answers.
ALTER TABLE alert ADD COLUMN assigned_to uuid;
ALTER TABLE alert ADD COLUMN closed_by uuid;
ALTER TABLE alert ADD COLUMN closing_note text COLLATE "C";
ALTER TABLE alert ADD COLUMN unanswered_at timestamptz;

-- What was put here until now for whoever sends mail has no recipient and is old: it is not sent.
UPDATE outbox SET state = 'done' WHERE topic = 'alert' AND state = 'waiting';
