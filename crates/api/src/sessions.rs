//! 会话.

use crate::State;
use crate::access::{Allowed, Me, PasswordChange, SessionEnd};
use crate::body::{Body, Fields, FromFields};
use crate::people::UserView;
use crate::problem::{Failure, ProblemBody};
use actix_web::{HttpResponse, delete, get, post, put, web};
use hege_app::people;
use hege_app::sessions::{Admission, begin, change_password, end, refresh};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(session_begin).service(session_refresh).service(session_end).service(me).service(password_change);
}

/// Login and password.
#[derive(ToSchema)]
pub(crate) struct Credentials {
    #[schema(example = "inspector1")]
    login: String,
    #[schema(example = "demo-password-2025")]
    password: String,
}

impl FromFields for Credentials {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let login = fields.needed("login", fields.text("login"));
        let password = fields.needed("password", fields.secret("password"));
        Some(Self { login: login?, password: password? })
    }
}

/// A refresh token.
#[derive(ToSchema)]
pub(crate) struct RefreshBody {
    refresh_token: String,
}

impl FromFields for RefreshBody {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        Some(Self { refresh_token: fields.needed("refresh_token", fields.secret("refresh_token"))? })
    }
}

/// The old password and the new one.
#[derive(ToSchema)]
pub(crate) struct PasswordBody {
    old_password: String,
    #[schema(min_length = 10, max_length = 128)]
    new_password: String,
}

impl FromFields for PasswordBody {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let old_password = fields.needed("old_password", fields.secret("old_password"));
        let new_password = fields.needed("new_password", fields.secret("new_password"));
        Some(Self { old_password: old_password?, new_password: new_password? })
    }
}

/// What a person gets who is let in.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// Good for minutes; sent as `Authorization: Bearer`.
    access_token: String,
    /// RFC 3339, UTC.
    #[schema(example = "2025-09-01T00:10:00Z")]
    expires_at: String,
    /// Exchanged once for a fresh pair.
    refresh_token: String,
    /// Who it is.
    person: UserView,
}

impl SessionView {
    fn of(admission: &Admission) -> Result<Self, Failure> {
        Ok(Self {
            access_token: admission.access.clone(),
            expires_at: admission.expires.to_string(),
            refresh_token: admission.refresh.reveal().to_owned(),
            person: UserView::of(&admission.person)?,
        })
    }
}

/// Log in.
///
/// Begins a session. A wrong login and a wrong password are answered alike.
#[utoipa::path(operation_id = "session_begin", tag = "session", request_body = Credentials,
    responses((status = 201, description = "let in", body = SessionView),
        (status = 401, description = "not let in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "what was given is not valid", body = ProblemBody, content_type = "application/problem+json")))]
#[post("/session")]
pub(crate) async fn session_begin(state: web::Data<State>, body: Body<Credentials>) -> Result<HttpResponse, Failure> {
    let Body(Credentials { login, password }) = body;
    let (session, mark) = (state.new_id(), state.session_mark(None));
    let admission =
        state.run_in_turn(move |state| begin(&state.store, &state.keys, (&login, &password), (session, mark))).await?;
    Ok(HttpResponse::Created().json(SessionView::of(&admission)?))
}

/// Stay in.
///
/// Exchanges a refresh token for a fresh pair. Until the successor is first used, the predecessor is exchanged again, so
/// that a lost answer logs nobody out; one that was replaced before ends the session.
#[utoipa::path(operation_id = "session_refresh", tag = "session", request_body = RefreshBody,
    responses((status = 200, description = "a fresh pair", body = SessionView),
        (status = 401, description = "the session has ended", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "what was given is not valid", body = ProblemBody, content_type = "application/problem+json")))]
#[post("/session/refresh")]
pub(crate) async fn session_refresh(state: web::Data<State>, body: Body<RefreshBody>) -> Result<HttpResponse, Failure> {
    let (presented, mark) = (body.0.refresh_token, state.session_mark(None));
    let admission = state.run(move |state| refresh(&state.store, &state.keys, &presented, mark)).await?;
    Ok(HttpResponse::Ok().json(SessionView::of(&admission)?))
}

/// Log out.
///
/// Ends the session of the token that is sent.
#[utoipa::path(operation_id = "session_end", tag = "session", security(("bearer" = [])),
    responses((status = 204, description = "ended"),
        (status = 401, description = "not let in", body = ProblemBody, content_type = "application/problem+json")))]
#[delete("/session")]
pub(crate) async fn session_end(state: web::Data<State>, asked: Allowed<SessionEnd>) -> Result<HttpResponse, Failure> {
    let mark = state.session_mark(Some(asked.person.actor.user));
    state.run(move |state| end(&state.store, asked.person.session, mark)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Who am I.
///
/// The person of the token with roles and scope.
#[utoipa::path(operation_id = "me", tag = "session", security(("bearer" = [])),
    responses((status = 200, description = "the person", body = UserView),
        (status = 401, description = "not let in", body = ProblemBody, content_type = "application/problem+json")))]
#[get("/me")]
pub(crate) async fn me(state: web::Data<State>, asked: Allowed<Me>) -> Result<HttpResponse, Failure> {
    let person = state.run(move |state| people::fetch(&state.store, asked.person.actor.user)).await?;
    Ok(HttpResponse::Ok().json(UserView::of(&person)?))
}

/// Change one's password.
///
/// Ends one's other sessions.
#[utoipa::path(operation_id = "password_change", tag = "session", request_body = PasswordBody, security(("bearer" = [])),
    responses((status = 204, description = "changed"),
        (status = 401, description = "not let in, or the old password is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "what was given is not valid", body = ProblemBody, content_type = "application/problem+json")))]
#[put("/me/password")]
pub(crate) async fn password_change(
    state: web::Data<State>,
    asked: Allowed<PasswordChange, Body<PasswordBody>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Body(PasswordBody { old_password, new_password }), .. } = asked;
    let mark = state.mark(Some(person.actor.user));
    let run = move |state: &State| change_password(&state.store, person.session, (&old_password, &new_password), mark);
    state.run_in_turn(run).await?;
    Ok(HttpResponse::NoContent().finish())
}
