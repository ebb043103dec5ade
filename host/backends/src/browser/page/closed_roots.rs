//! Closed shadow roots, shown to the injected script: it names elements that may hide one, and the protocol
//! looks at them. Nobody waits for it; a failure leaves the roots closed.

use chromiumoxide::cdp::browser_protocol::dom::{
    BackendNodeId, DescribeNodeParams, ResolveNodeParams, ShadowRootType,
};
use chromiumoxide::cdp::js_protocol::runtime::{
    AddBindingParams, CallArgument, CallFunctionOnParams, EventBindingCalled, ExecutionContextId,
    GetPropertiesParams, ReleaseObjectGroupParams, RemoteObjectId,
};

use super::frames::WORLD;
use crate::browser::connection::cdp::{Event, Listener, Session};
use flowguard_core::browser::TabError;

/// What the script calls when it suspects closed roots.
const BINDING: &str = "flowguardLook";
/// The browser's objects that are held while it is looked.
const GROUP: &str = "flowguard-closed-roots";
const SUSPECTS: &str = "function () { return flowguard.suspects(); }";
const SHOW: &str = "function (...roots) { flowguard.showRoots(...roots); }";

/// Hears the script of one session ask.
pub(super) struct ClosedRoots(pub(super) Session);

/// Lets the script ask. Pages do not see it: it is there in the script's own world only.
pub(super) fn binding() -> AddBindingParams {
    let mut binding = AddBindingParams::new(BINDING);
    binding.execution_context_name = Some(WORLD.to_owned());
    binding
}

impl Listener for ClosedRoots {
    fn event(&self, event: &Event<'_>) {
        if event.method != EventBindingCalled::IDENTIFIER {
            return;
        }
        let Some(called) = event.read::<EventBindingCalled>() else {
            return;
        };
        if called.name != BINDING {
            return;
        }
        let session = self.0.clone();
        tokio::spawn(async move {
            if let Err(error) = look(&session, called.execution_context_id).await {
                tracing::debug!(%error, "closed shadow roots were not shown");
            }
            drop(session.send(&ReleaseObjectGroupParams::new(GROUP)));
        });
    }
}

/// Looks at the suspects of the script in this context, and shows it what they hide.
async fn look(session: &Session, context: ExecutionContextId) -> Result<(), TabError> {
    let suspects = suspects(session, context).await?;
    let described: Vec<_> = suspects
        .into_iter()
        .map(|object| {
            session.send(&DescribeNodeParams {
                object_id: Some(object),
                ..DescribeNodeParams::default()
            })
        })
        .collect();
    let mut resolved = Vec::new();
    for node in described {
        // One that has left the document meanwhile hides nothing any more.
        let Ok(node) = node.answer().await else { continue };
        let roots = node.node.shadow_roots.unwrap_or_default();
        let closed = roots
            .into_iter()
            .filter(|root| root.shadow_root_type == Some(ShadowRootType::Closed));
        resolved.extend(closed.map(|root| session.send(&resolve(root.backend_node_id, context))));
    }
    let mut shown = Vec::new();
    for root in resolved {
        let Ok(root) = root.answer().await else { continue };
        shown.extend(root.object.object_id.map(argument));
    }
    if shown.is_empty() {
        return Ok(());
    }
    let mut show = call(SHOW, context);
    show.arguments = Some(shown);
    session.call(&show).await.map(|_| ())
}

/// The elements that the script suspects.
async fn suspects(session: &Session, context: ExecutionContextId) -> Result<Vec<RemoteObjectId>, TabError> {
    let Some(list) = session.call(&call(SUSPECTS, context)).await?.result.object_id else {
        return Ok(Vec::new());
    };
    let mut properties = GetPropertiesParams::new(list);
    properties.own_properties = Some(true);
    let properties = session.call(&properties).await?.result;
    let elements = properties.into_iter().filter_map(|property| property.value);
    Ok(elements.filter_map(|element| element.object_id).collect())
}

fn call(function: &str, context: ExecutionContextId) -> CallFunctionOnParams {
    let mut command = CallFunctionOnParams::new(function);
    command.execution_context_id = Some(context);
    command.object_group = Some(GROUP.to_owned());
    command
}

fn resolve(root: BackendNodeId, context: ExecutionContextId) -> ResolveNodeParams {
    ResolveNodeParams {
        backend_node_id: Some(root),
        execution_context_id: Some(context),
        object_group: Some(GROUP.to_owned()),
        ..ResolveNodeParams::default()
    }
}

fn argument(object: RemoteObjectId) -> CallArgument {
    CallArgument {
        value: None,
        unserializable_value: None,
        object_id: Some(object),
    }
}
