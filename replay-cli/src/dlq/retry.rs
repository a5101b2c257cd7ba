//! `replay dlq retry`: one aggregate, everything of a read model, or everything.

use super::{Asked, Desk, asked};
use crate::failure::Failure;
use crate::operator::who;

pub(super) async fn retry(
    desk: &Desk<'_>,
    model: Option<&str>,
    id: Option<&str>,
) -> Result<Asked, Failure> {
    let names: Vec<String> = model.map(str::to_owned).into_iter().collect();
    let (views, letters, who) = (desk.live(&names).await?, desk.letters(), who());
    let mut about = 0;
    for (model, view) in &views {
        about += match id {
            Some(id) => letters.retry(model, *view, id, &who).await,
            None => letters.retry_all(model, *view, &who).await,
        }
        .map_err(asked)?;
    }
    desk.carried_out("retry", about, &views).await
}
