//! Messages, templates and transports.
