//! What was found to be so, just now.

use crate::column::Numbers;
use crate::paths::{Framework, Row, rows};

/// The numbers of every row: what it adds to the bare framework, and the bare one as it is.
#[derive(Clone, Debug, Default)]
pub struct Found(pub(crate) Vec<(Row, Numbers)>);

impl Found {
    /// Measures one row after the other. `measure` tells what a request costs with the framework, for columns of its
    /// choice.
    pub fn measure(mut measure: impl FnMut(Row) -> Numbers) -> Self {
        let whole: Vec<_> =
            Framework::ALL.into_iter().flat_map(rows).map(|row| (row, measure(row))).collect();
        let mut bare = Numbers::default();
        let added = whole.into_iter().map(|(row, numbers)| {
            if row.is_bare() {
                bare = numbers;
                return (row, numbers);
            }
            let mut pairs = numbers.into_iter().zip(bare);
            (row, std::array::from_fn(|_| pairs.next().and_then(|(number, bare)| Some(number? - bare?))))
        });
        Self(added.collect())
    }
}
