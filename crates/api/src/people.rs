//! 人员.

use crate::State;
use crate::access::{Allowed, UserAdd, UserChange, UserFetch, UserList};
use crate::answers::{NotThere, NotValid, OutOfReach, Stale};
use crate::body::{Body, Fields, FromFields};
use crate::problem::Failure;
use actix_web::{HttpResponse, get, post, put, web};
use hege_app::people::{self, Change, Profile};
use hege_core::{OrganisationId, RegionCode, Role, Stage, UserId};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(user_list).service(user_add).service(user_fetch).service(user_change);
}

/// A person with roles and scope.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserView {
    id: String,
    #[schema(example = "inspector1")]
    login: String,
    /// 姓名.
    #[schema(example = "演示抽样员甲")]
    name: String,
    organisation_id: String,
    /// The region whose subtree the person sees.
    #[schema(example = "330000")]
    region: String,
    #[schema(example = json!(["inspector"]))]
    roles: Vec<&'static str>,
    /// Empty for every stage.
    stages: Vec<&'static str>,
    active: bool,
    revision: i64,
}

impl UserView {
    pub(crate) fn of(person: &people::Person) -> Result<Self, Failure> {
        let profile = Profile::of(person)?;
        Ok(Self {
            id: person.id.0.to_string(),
            login: person.login.clone(),
            name: profile.name,
            organisation_id: profile.organisation.to_string(),
            region: profile.region.to_string(),
            roles: profile.roles.iter().map(|role| role.code()).collect(),
            stages: profile.stages.iter().map(|stage| stage.code()).collect(),
            active: person.active,
            revision: person.revision,
        })
    }
}

/// People.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserListView {
    items: Vec<UserView>,
}

/// A new person.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field into a profile")]
pub(crate) struct UserBody {
    #[schema(example = "tester2")]
    login: String,
    #[schema(min_length = 10, max_length = 128)]
    password: String,
    name: String,
    organisation_id: String,
    #[schema(example = "330100")]
    region: String,
    roles: Vec<String>,
    stages: Option<Vec<String>>,
}

pub(crate) struct NewUser {
    login: String,
    password: String,
    profile: Profile,
}

fn profile(fields: &Fields<'_>) -> Option<Profile> {
    let name = fields.needed("name", fields.text("name"));
    let organisation = fields.needed("organisation_id", fields.id::<OrganisationId>("organisation_id"));
    let region = fields.needed(
        "region",
        fields.parsed::<RegionCode>("region", "bad_region", ("须为六位行政区划代码", "a region code has six digits")),
    );
    let unknown = ("不是规定的代码", "not one of the codes");
    let roles = fields.needed("roles", fields.parsed_list::<Role>("roles", "unknown_word", unknown));
    let stages = fields.parsed_list::<Stage>("stages", "unknown_word", unknown).unwrap_or_default();
    Some(Profile {
        name: name?,
        organisation: organisation?,
        region: region?,
        roles: roles?.into_iter().collect(),
        stages: stages.into_iter().collect(),
    })
}

impl FromFields for NewUser {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let login = fields.needed("login", fields.text("login"));
        let password = fields.needed("password", fields.secret("password"));
        let profile = profile(fields);
        Some(Self { login: login?, password: password?, profile: profile? })
    }
}

/// One change of a person: a whole profile, a password, or whether the login works.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field into a change")]
pub(crate) struct UserChangeBody {
    /// The revision that was seen.
    revision: i64,
    profile: Option<ProfileBody>,
    password: Option<String>,
    active: Option<bool>,
}

/// A person's profile.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field into a profile")]
pub(crate) struct ProfileBody {
    name: String,
    organisation_id: String,
    region: String,
    roles: Vec<String>,
    stages: Option<Vec<String>>,
}

struct ReadProfile(Profile);

impl FromFields for ReadProfile {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        profile(fields).map(Self)
    }
}

pub(crate) struct UserChangeAsked {
    revision: i64,
    change: Change,
}

impl FromFields for UserChangeAsked {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.revision();
        let profile = fields.object::<ReadProfile>("profile").map(|ReadProfile(profile)| Change::Profile(profile));
        let password = fields.secret("password").map(Change::Password);
        let active = fields.flag("active").map(Change::Active);
        let changes: Vec<Change> = [profile, password, active].into_iter().flatten().collect();
        let change = <[Change; 1]>::try_from(changes);
        if change.is_err()
            && ["profile", "password", "active"].iter().filter(|name| fields.value(name).is_some()).count() != 1
        {
            fields.problem("profile", "one_change", ("须恰好给出一项更改", "exactly one change must be given"));
        }
        let [change] = change.ok()?;
        Some(Self { revision: revision?, change })
    }
}

/// List people.
///
/// With roles and scope; for administrators and auditors, those whose scope lies within their own.
#[utoipa::path(operation_id = "user_list", tag = "administration", security(("bearer" = [])),
    responses((status = 200, description = "every person within the scope", body = UserListView), OutOfReach))]
#[get("/users")]
pub(crate) async fn user_list(state: web::Data<State>, asked: Allowed<UserList>) -> Result<HttpResponse, Failure> {
    let people = state.run(move |state| people::list_within(&state.store, &asked.person.scope)).await?;
    let items = people.iter().map(UserView::of).collect::<Result<_, _>>()?;
    Ok(HttpResponse::Ok().json(UserListView { items }))
}

/// See a person.
///
/// One whose scope lies within one's own.
#[utoipa::path(operation_id = "user_fetch", tag = "administration", security(("bearer" = [])),
    params(("id" = String, Path, description = "the person's id")),
    responses((status = 200, description = "the person", body = UserView), OutOfReach, NotThere))]
#[get("/users/{id}")]
pub(crate) async fn user_fetch(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<UserFetch>,
) -> Result<HttpResponse, Failure> {
    let id: UserId = path.parse().map_err(|_no_id| Failure::not_found())?;
    let person = state.run(move |state| people::fetch_within(&state.store, &asked.person.scope, id)).await?;
    Ok(HttpResponse::Ok().json(UserView::of(&person)?))
}

/// Add a person.
///
/// Makes a login, of somebody who sees no further than whoever makes it. Roles must fit the kind of the organisation: sampling
/// and testing are separate houses.
#[utoipa::path(operation_id = "user_add", tag = "administration", request_body = UserBody, security(("bearer" = [])),
    responses((status = 201, description = "added", body = UserView), OutOfReach, NotValid))]
#[post("/users")]
pub(crate) async fn user_add(
    state: web::Data<State>,
    asked: Allowed<UserAdd, Body<NewUser>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Body(NewUser { login, password, profile }), .. } = asked;
    let made = (UserId(state.new_id()), state.mark(Some(person.actor.user)));
    let add = move |state: &State| people::add_within(&state.store, &person.scope, (&login, &password), &profile, made);
    let person = state.run_in_turn(add).await?;
    Ok(HttpResponse::Created().json(UserView::of(&person)?))
}

/// Change a person.
///
/// A profile, a password (every session ends), or whether the login works.
#[utoipa::path(operation_id = "user_change", tag = "administration", request_body = UserChangeBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the person's id")),
    responses((status = 200, description = "changed", body = UserView), OutOfReach, NotThere, Stale, NotValid))]
#[put("/users/{id}")]
pub(crate) async fn user_change(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<UserChange, Body<UserChangeAsked>>,
) -> Result<HttpResponse, Failure> {
    let id: UserId = path.parse().map_err(|_no_id| Failure::not_found())?;
    let Allowed { person, input: Body(UserChangeAsked { revision, change }), .. } = asked;
    let mark = state.mark(Some(person.actor.user));
    let change =
        move |state: &State| people::change(&state.store, id, (Some((revision, &person.scope)), &change), mark);
    let person = state.run_in_turn(change).await?;
    Ok(HttpResponse::Ok().json(UserView::of(&person)?))
}
