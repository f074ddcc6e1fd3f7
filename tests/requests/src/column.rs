//! What is kept of a row.

/// A number of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Allocations, in the profile that tests have.
    TestAllocations,
    /// Bytes, in the profile that tests have.
    TestBytes,
    /// Allocations, built for release; so are all that follow.
    Allocations,
    /// Bytes.
    Bytes,
    /// Instructions, as callgrind counts them.
    Instructions,
    /// Allocations of a request that says no more than its host and its cookies.
    ShortAllocations,
    /// Instructions of such a request.
    ShortInstructions,
}

/// The numbers of a row, in the order of the columns; `None` for what was not counted.
pub type Numbers = [Option<i64>; Column::ALL.len()];

/// Instructions may differ by one in so many: a hash seed, an address, a clock's digits.
const TOLERATED: i64 = 50;

impl Column {
    /// All of them, as they are written.
    pub const ALL: [Self; 7] = [
        Self::TestAllocations,
        Self::TestBytes,
        Self::Allocations,
        Self::Bytes,
        Self::Instructions,
        Self::ShortAllocations,
        Self::ShortInstructions,
    ];

    /// Whether it is the test's to count; else it is the bench's.
    pub fn is_of_tests(self) -> bool {
        matches!(self, Self::TestAllocations | Self::TestBytes)
    }

    /// Whether both numbers say the same.
    pub(crate) fn agree(self, kept: i64, found: i64) -> bool {
        match self {
            Self::Instructions | Self::ShortInstructions => {
                (found - kept).saturating_mul(TOLERATED).abs() <= kept.abs().max(1000)
            }
            _ => kept == found,
        }
    }

    /// As a difference calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::TestAllocations => "allocations under test",
            Self::TestBytes => "bytes under test",
            Self::Allocations => "allocations",
            Self::Bytes => "bytes",
            Self::Instructions => "instructions",
            Self::ShortAllocations => "allocations of a short request",
            Self::ShortInstructions => "instructions of a short request",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Column;

    #[test]
    fn instructions_may_differ_by_two_in_a_hundred_and_everything_else_by_nothing() {
        assert!(Column::Instructions.agree(10_000, 10_200) && Column::Instructions.agree(10_000, 9_800));
        assert!(!Column::Instructions.agree(10_000, 10_201) && !Column::Instructions.agree(10_000, 9_799));
        assert!(!Column::Allocations.agree(10_000, 10_001) && !Column::TestBytes.agree(1, 0));
    }

    #[test]
    fn what_hardly_costs_anything_may_differ_by_some_instructions_all_the_same() {
        assert!(Column::Instructions.agree(-1, 19) && !Column::Instructions.agree(-1, 20));
    }
}
