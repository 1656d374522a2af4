//! 人员、机构、行政区划.

use crate::State;
use crate::access::{Allowed, OrganisationAdd, OrganisationList, RegionList, UserAdd, UserChange, UserList};
use crate::body::{Body, Fields, FromFields};
use crate::problem::{Failure, ProblemBody};
use actix_web::{HttpResponse, get, post, put, web};
use hege_app::people::{self, Change, Profile};
use hege_app::reference::OrganisationKind;
use hege_core::{OrganisationId, RegionCode, Role, Stage, UserId};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(user_list)
        .service(user_add)
        .service(user_change)
        .service(organisation_list)
        .service(organisation_add)
        .service(region_list);
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
    responses((status = 200, description = "every person within the scope", body = UserListView),
        (status = 401, description = "not let in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "the role is missing, or it reaches beyond the person's scope", body = ProblemBody, content_type = "application/problem+json")))]
#[get("/users")]
pub(crate) async fn user_list(state: web::Data<State>, asked: Allowed<UserList>) -> Result<HttpResponse, Failure> {
    let people = state.run(|state| people::list(&state.store)).await?;
    let mut items = Vec::new();
    for person in &people {
        if asked.person.scope.covers(&Profile::of(person)?.scope()) {
            items.push(UserView::of(person)?);
        }
    }
    Ok(HttpResponse::Ok().json(UserListView { items }))
}

/// Add a person.
///
/// Makes a login, of somebody who sees no further than whoever makes it. Roles must fit the kind of the organisation: sampling
/// and testing are separate houses.
#[utoipa::path(operation_id = "user_add", tag = "administration", request_body = UserBody, security(("bearer" = [])),
    responses((status = 201, description = "added", body = UserView),
        (status = 401, description = "not let in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "the role is missing, or it reaches beyond the person's scope", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "what was given is not valid", body = ProblemBody, content_type = "application/problem+json")))]
#[post("/users")]
pub(crate) async fn user_add(
    state: web::Data<State>,
    asked: Allowed<UserAdd, Body<NewUser>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Body(NewUser { login, password, profile }), .. } = asked;
    if !person.scope.covers(&profile.scope()) {
        return Err(hege_app::Error::OutsideScope.into());
    }
    let (id, mark) = (UserId(state.new_id()), state.mark(Some(person.actor.user)));
    let person =
        state.run_in_turn(move |state| people::add(&state.store, (&login, &password), &profile, (id, mark))).await?;
    Ok(HttpResponse::Created().json(UserView::of(&person)?))
}

/// Change a person.
///
/// A profile, a password (every session ends), or whether the login works.
#[utoipa::path(operation_id = "user_change", tag = "administration", request_body = UserChangeBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the person's id")),
    responses((status = 200, description = "changed", body = UserView),
        (status = 401, description = "not let in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "the role is missing, or it reaches beyond the person's scope", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "no such person", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "changed meanwhile", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "what was given is not valid", body = ProblemBody, content_type = "application/problem+json")))]
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

/// An organisation.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrganisationView {
    id: String,
    #[schema(example = "laboratory")]
    kind: String,
    #[schema(example = "演示检验中心")]
    name: String,
    region: String,
    active: bool,
}

impl OrganisationView {
    fn of(row: people::Organisation) -> Self {
        Self {
            id: row.id.0.to_string(),
            kind: row.kind,
            name: row.name,
            region: format!("{:06}", row.region),
            active: row.active,
        }
    }
}

/// Organisations.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrganisationListView {
    items: Vec<OrganisationView>,
}

/// A new organisation.
#[derive(ToSchema)]
pub(crate) struct OrganisationBody {
    #[schema(value_type = String, example = "inspecting")]
    kind: OrganisationKind,
    name: String,
    #[schema(value_type = String, example = "330100")]
    region: RegionCode,
}

impl FromFields for OrganisationBody {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let kind = fields.needed("kind", fields.word("kind"));
        let name = fields.needed("name", fields.text("name"));
        let words = ("须为六位行政区划代码", "a region code has six digits");
        let region = fields.needed("region", fields.parsed("region", "bad_region", words));
        Some(Self { kind: kind?, name: name?, region: region? })
    }
}

/// List organisations.
///
/// Departments, inspecting organisations and laboratories.
#[utoipa::path(operation_id = "organisation_list", tag = "administration", security(("bearer" = [])),
    responses((status = 200, description = "every organisation", body = OrganisationListView),
        (status = 401, description = "not let in", body = ProblemBody, content_type = "application/problem+json")))]
#[get("/organisations")]
pub(crate) async fn organisation_list(
    state: web::Data<State>,
    _asked: Allowed<OrganisationList>,
) -> Result<HttpResponse, Failure> {
    let organisations = state.run(|state| people::organisations(&state.store)).await?;
    let items = organisations.into_iter().map(OrganisationView::of).collect();
    Ok(HttpResponse::Ok().json(OrganisationListView { items }))
}

/// Found an organisation.
///
/// A department, an inspecting organisation or a laboratory.
#[utoipa::path(operation_id = "organisation_add", tag = "administration", request_body = OrganisationBody, security(("bearer" = [])),
    responses((status = 201, description = "founded", body = OrganisationView),
        (status = 401, description = "not let in", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "the role is missing, or it reaches beyond the person's scope", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "what was given is not valid", body = ProblemBody, content_type = "application/problem+json")))]
#[post("/organisations")]
pub(crate) async fn organisation_add(
    state: web::Data<State>,
    asked: Allowed<OrganisationAdd, Body<OrganisationBody>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Body(OrganisationBody { kind, name, region }), .. } = asked;
    let (id, mark) = (state.new_id(), state.mark(Some(person.actor.user)));
    let row = state.run(move |state| people::found(&state.store, (kind, &name, region), (id, mark))).await?;
    Ok(HttpResponse::Created().json(OrganisationView::of(row)))
}

/// A region with the days its code is good.
#[derive(Serialize, ToSchema)]
pub(crate) struct RegionView {
    #[schema(example = "330106")]
    code: String,
    #[schema(example = "西湖区")]
    name: String,
    /// First day; null where it always was.
    valid_from: Option<String>,
    /// Last day; null while it is.
    valid_to: Option<String>,
}

/// Regions.
#[derive(Serialize, ToSchema)]
pub(crate) struct RegionListView {
    items: Vec<RegionView>,
}

/// List regions.
///
/// GB/T 2260 codes with their validity, abolished ones included.
#[utoipa::path(operation_id = "region_list", tag = "administration", security(("bearer" = [])),
    responses((status = 200, description = "every region", body = RegionListView),
        (status = 401, description = "not let in", body = ProblemBody, content_type = "application/problem+json")))]
#[get("/regions")]
pub(crate) async fn region_list(state: web::Data<State>, _asked: Allowed<RegionList>) -> Result<HttpResponse, Failure> {
    let day = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string());
    let items = state.regions.iter().map(|region| RegionView {
        code: region.code.to_string(),
        name: region.name.clone(),
        valid_from: day(region.valid_from),
        valid_to: day(region.valid_to),
    });
    Ok(HttpResponse::Ok().json(RegionListView { items: items.collect() }))
}
