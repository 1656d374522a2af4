//! 会话.

use crate::State;
use crate::access::{Allowed, Me, PasswordChange, SessionEnd};
use crate::answers::{NotValid, Stranger};
use crate::body::{Body, Fields, FromFields};
use crate::edge::cookies;
use crate::people::UserView;
use crate::problem::{Failure, ProblemBody};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put, web};
use hege_app::people;
use hege_app::sessions::{Admission, begin, change_password, end, refresh};
use hege_core::Problem;
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
    /// For browsers: the tokens come as cookies that no script can read, and not in the body. Needs an `Origin` of this site.
    cookie: Option<bool>,
}

impl FromFields for Credentials {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let login = fields.needed("login", fields.text("login"));
        let password = fields.needed("password", fields.secret("password"));
        let cookie = fields.flag("cookie");
        Some(Self { login: login?, password: password?, cookie })
    }
}

/// A refresh token.
#[derive(ToSchema)]
pub(crate) struct RefreshBody {
    /// Left out by browsers, whose cookie it is.
    refresh_token: Option<String>,
}

impl FromFields for RefreshBody {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        Some(Self { refresh_token: fields.secret("refresh_token") })
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
    /// Good for minutes; sent as `Authorization: Bearer`. Not told to browsers that have it as a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<String>,
    /// RFC 3339, UTC.
    #[schema(example = "2025-09-01T00:10:00Z")]
    expires_at: String,
    /// Exchanged once for a fresh pair. Not told to browsers that have it as a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// Who it is.
    person: UserView,
}

impl SessionView {
    /// Says it, in the body or by cookies.
    fn say(
        state: &State,
        admission: &Admission,
        (status, by_cookie): (StatusCode, bool),
    ) -> Result<HttpResponse, Failure> {
        let told = |token: &str| (!by_cookie).then(|| token.to_owned());
        let view = Self {
            access_token: told(&admission.access),
            expires_at: admission.expires.to_string(),
            refresh_token: told(admission.refresh.reveal()),
            person: UserView::of(&admission.person)?,
        };
        let mut answer = HttpResponse::build(status);
        if by_cookie {
            cookies::given(&state.edge, admission).into_iter().for_each(|cookie| {
                answer.cookie(cookie);
            });
        }
        Ok(answer.json(view))
    }
}

/// Log in.
///
/// Begins a session. A wrong login and a wrong password are answered alike. After several wrong attempts the login waits,
/// whether or not there is one of that name. With `cookie` the tokens come as cookies `hege_access` and `hege_refresh`
/// (under TLS with the prefix `__Host-`).
#[utoipa::path(operation_id = "session_begin", tag = "session", request_body = Credentials,
    responses((status = 201, description = "let in", body = SessionView),
        Stranger, NotValid))]
#[post("/session")]
pub(crate) async fn session_begin(
    state: web::Data<State>,
    request: HttpRequest,
    body: Body<Credentials>,
) -> Result<HttpResponse, Failure> {
    let Body(Credentials { login, password, cookie }) = body;
    let by_cookie = cookie.unwrap_or(false);
    if by_cookie && !state.edge.is_own_page(&request) {
        return Err(Failure::origin_mismatch());
    }
    let (session, mark) = (state.new_id(), state.session_mark(None));
    let admission =
        state.run_in_turn(move |state| begin(&state.store, &state.keys, (&login, &password), (session, mark))).await?;
    SessionView::say(&state, &admission, (StatusCode::CREATED, by_cookie))
}

/// Stay in.
///
/// Exchanges a refresh token for a fresh pair. Until the successor is first used, the predecessor is exchanged again, so
/// that a lost answer logs nobody out; one that was replaced before ends the session. A browser sends `{}` and its cookie.
#[utoipa::path(operation_id = "session_refresh", tag = "session", request_body = RefreshBody,
    responses((status = 200, description = "a fresh pair", body = SessionView),
        (status = 401, description = "the session has ended", body = ProblemBody, content_type = "application/problem+json"),
        NotValid))]
#[post("/session/refresh")]
pub(crate) async fn session_refresh(
    state: web::Data<State>,
    request: HttpRequest,
    body: Body<RefreshBody>,
) -> Result<HttpResponse, Failure> {
    let by_cookie = body.0.refresh_token.is_none();
    let cookie = || cookies::refresh(&state.edge, &request);
    let Some(presented) = body.0.refresh_token.or_else(cookie) else {
        return Err(Failure::invalid(&Problem::new("/refresh_token", "required", "必填", "required").into()));
    };
    if by_cookie && !state.edge.is_own_page(&request) {
        return Err(Failure::origin_mismatch());
    }
    let mark = state.session_mark(None);
    let admission = state.run(move |state| refresh(&state.store, &state.keys, &presented, mark)).await?;
    SessionView::say(&state, &admission, (StatusCode::OK, by_cookie))
}

/// Log out.
///
/// Ends the session of the token that is sent, and makes a browser forget its cookies.
#[utoipa::path(operation_id = "session_end", tag = "session", security(("bearer" = [])),
    responses((status = 204, description = "ended"),
        Stranger))]
#[delete("/session")]
pub(crate) async fn session_end(state: web::Data<State>, asked: Allowed<SessionEnd>) -> Result<HttpResponse, Failure> {
    let mark = state.session_mark(Some(asked.person.actor.user));
    state.run(move |state| end(&state.store, asked.person.session, mark)).await?;
    let mut answer = HttpResponse::NoContent();
    cookies::cleared(&state.edge).into_iter().for_each(|cookie| {
        answer.cookie(cookie);
    });
    Ok(answer.finish())
}

/// Who am I.
///
/// The person of the token with roles and scope.
#[utoipa::path(operation_id = "me", tag = "session", security(("bearer" = [])),
    responses((status = 200, description = "the person", body = UserView),
        Stranger))]
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
        NotValid))]
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
