//! The embedded stores as a caller uses them.

use chimera_model::{Column, Kind, RowKey, RowMutation, TableSpec, Value};
use chimera_stores::{Checkpoint, EmbeddedStores, RowReader, RowWriter, View};

static T: TableSpec = TableSpec {
    name: "t",
    partition_key: &[Column::new("p", Kind::Text)],
    clustering: &[Column::descending("c", Kind::Integer)],
    columns: &[Column::new("a", Kind::Text)],
};

#[tokio::test]
async fn smoke() {
    let dir = tempfile::tempdir().unwrap();
    let v = View::new("m", 1);
    let k = RowKey(vec![Value::Text("x".into()), Value::Integer(3)]);
    {
        let s = EmbeddedStores::open(dir.path()).unwrap();
        s.rows().create(v, &[&T]).await.unwrap();
        s.rows()
            .apply(
                v,
                &[RowMutation::Upsert {
                    table: &T,
                    key: k.clone(),
                    cells: vec![("a", Value::Text("v".into()))],
                    version: 1,
                }],
                &[Checkpoint { stream: "s".into(), partition: 0, sequence: 4 }],
            )
            .await
            .unwrap();
        assert!(s.rows().get(v, &T, &k).await.unwrap().is_some());
        s.close().unwrap();
    }
    let s = EmbeddedStores::open(dir.path()).unwrap();
    assert!(s.rows().get(v, &T, &k).await.unwrap().is_some());
    assert_eq!(s.rows().checkpoints(v).await.unwrap()[0].sequence, 4);
}
