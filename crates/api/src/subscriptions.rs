//! 订阅.

use crate::State;
use crate::access::{Allowed, SubscriptionChange, SubscriptionFetch, UserSubscriptionChange, UserSubscriptionFetch};
use crate::answers::{NoRole, NotThere, NotValid, OutOfReach, Stale, Stranger};
use crate::body::{Body, Fields, FromFields, REVISION_MAX};
use crate::problem::Failure;
use actix_web::{HttpResponse, get, put, web};
use hege_alerts::AlertKind;
use hege_app::subscriptions::{Subscription, Wish, change, fetch};
use hege_core::UserId;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(subscription_fetch)
        .service(subscription_change)
        .service(user_subscription_fetch)
        .service(user_subscription_change);
}

/// A kind of alert that may concern the person.
#[derive(Serialize, ToSchema)]
pub(crate) struct KindView {
    #[schema(example = "plan")]
    kind: &'static str,
    #[schema(example = "计划预警")]
    zh: &'static str,
    en: &'static str,
    /// Whether it is mailed to them.
    on: bool,
}

/// Where a person is written to, and what about. Which alerts concern them follows from role, stage and region.
#[derive(Serialize, ToSchema)]
pub(crate) struct SubscriptionView {
    /// Null for nowhere: then no mail is sent.
    #[schema(example = "someone@example.org")]
    email: Option<String>,
    kinds: Vec<KindView>,
    /// To be sent back with a change; 0 before the first.
    revision: i64,
}

impl From<Subscription> for SubscriptionView {
    fn from(subscription: Subscription) -> Self {
        let kind = |kind: &AlertKind| KindView {
            kind: kind.code(),
            zh: kind.zh(),
            en: kind.en(),
            on: subscription.on.contains(kind),
        };
        Self {
            kinds: subscription.offered.iter().map(kind).collect(),
            email: subscription.email,
            revision: subscription.revision,
        }
    }
}

/// A whole subscription.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of the body for its document; it is read field by field into a wish")]
pub(crate) struct SubscriptionBody {
    /// The revision that was seen; 0 before the first.
    revision: i64,
    #[schema(example = "someone@example.org")]
    email: Option<String>,
    /// The kinds that shall be mailed.
    #[schema(example = json!(["plan", "event"]))]
    kinds: Vec<String>,
}

pub(crate) struct Wished(Wish);

impl FromFields for Wished {
    fn read(fields: &Fields<'_>) -> Option<Self> {
        let revision = fields.needed("revision", fields.within("revision", (0, REVISION_MAX)));
        let email = fields.text("email");
        let unknown = ("不是规定的代码", "not one of the codes");
        let kinds = fields.needed("kinds", fields.parsed_list::<AlertKind>("kinds", "unknown_word", unknown));
        Some(Self(Wish { revision: revision?, email, kinds: kinds? }))
    }
}

/// See one's subscription.
///
/// The address, and the kinds of alerts that may concern somebody of one's roles, each with whether it is mailed.
#[utoipa::path(operation_id = "subscription_fetch", tag = "subscriptions", security(("bearer" = [])),
    responses((status = 200, description = "the subscription", body = SubscriptionView),
        Stranger))]
#[get("/subscriptions")]
pub(crate) async fn subscription_fetch(
    state: web::Data<State>,
    asked: Allowed<SubscriptionFetch>,
) -> Result<HttpResponse, Failure> {
    let id = asked.person.actor.user;
    let subscription = state.run(move |state| fetch(&state.store, id, None)).await?;
    Ok(HttpResponse::Ok().json(SubscriptionView::from(subscription)))
}

/// Change one's subscription.
///
/// The address, and which kinds of alerts are mailed: switching off, never beyond what concerns one.
#[utoipa::path(operation_id = "subscription_change", tag = "subscriptions", request_body = SubscriptionBody, security(("bearer" = [])),
    responses((status = 200, description = "changed", body = SubscriptionView),
        Stranger, Stale, NotValid))]
#[put("/subscriptions")]
pub(crate) async fn subscription_change(
    state: web::Data<State>,
    asked: Allowed<SubscriptionChange, Body<Wished>>,
) -> Result<HttpResponse, Failure> {
    let Allowed { person, input: Body(Wished(wish)), .. } = asked;
    let mark = state.mark(Some(person.actor.user));
    let changed = move |state: &State| change(&state.store, (person.actor.user, None), &wish, mark);
    Ok(HttpResponse::Ok().json(SubscriptionView::from(state.run(changed).await?)))
}

/// See a person's subscription.
///
/// Of somebody whose scope lies within one's own.
#[utoipa::path(operation_id = "user_subscription_fetch", tag = "administration", security(("bearer" = [])),
    params(("id" = String, Path, description = "the person's id")),
    responses((status = 200, description = "the subscription", body = SubscriptionView),
        NoRole, NotThere))]
#[get("/users/{id}/subscriptions")]
pub(crate) async fn user_subscription_fetch(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<UserSubscriptionFetch>,
) -> Result<HttpResponse, Failure> {
    let id: UserId = path.parse().map_err(|_no_id| Failure::not_found())?;
    let subscription = state.run(move |state| fetch(&state.store, id, Some(&asked.person.scope))).await?;
    Ok(HttpResponse::Ok().json(SubscriptionView::from(subscription)))
}

/// Change a person's subscription.
///
/// Of somebody whose scope lies within one's own.
#[utoipa::path(operation_id = "user_subscription_change", tag = "administration", request_body = SubscriptionBody, security(("bearer" = [])),
    params(("id" = String, Path, description = "the person's id")),
    responses((status = 200, description = "changed", body = SubscriptionView),
        OutOfReach, NotThere, Stale, NotValid))]
#[put("/users/{id}/subscriptions")]
pub(crate) async fn user_subscription_change(
    state: web::Data<State>,
    path: web::Path<String>,
    asked: Allowed<UserSubscriptionChange, Body<Wished>>,
) -> Result<HttpResponse, Failure> {
    let id: UserId = path.parse().map_err(|_no_id| Failure::not_found())?;
    let Allowed { person, input: Body(Wished(wish)), .. } = asked;
    let mark = state.mark(Some(person.actor.user));
    let changed = move |state: &State| change(&state.store, (id, Some(&person.scope)), &wish, mark);
    Ok(HttpResponse::Ok().json(SubscriptionView::from(state.run(changed).await?)))
}
