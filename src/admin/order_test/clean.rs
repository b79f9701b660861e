//! What a run leaves: nothing. Its order is what keeps a late request from a real factory.

use super::story::Stopped;
use super::trial::Trial;
use std::time::Duration;

/// Tries of each step, and the pause between two: with the deadlines of the calls this
/// outlasts a leader election of API servers, and fits into a pod's 30 s after SIGTERM
/// unless a neighbour hangs.
const TRIES_MAX: u32 = 3;
const TRY_PAUSE: Duration = Duration::from_secs(2);

impl Trial {
    /// Removes what this run made, and what came late of earlier ones.
    ///
    /// # Errors
    /// What could not be removed. It is left as it is: the next run removes it.
    pub(super) async fn clean(&self) -> Result<(), Stopped> {
        let cleaning = async {
            // The goods of a run that took over are that run's to look at.
            let ours = self.books.still(&self.name).await.is_ok();
            tried(|| self.books.end(&self.name)).await?;
            let mut removed = 0;
            for name in self.earlier.iter().chain([&self.name]) {
                removed += tried(|| self.objects.remove_requests(name)).await?;
            }
            let factories = tried(|| self.objects.remove_factory(&self.name)).await?;
            let seen = format!("requests: {removed}, Factories: {factories}");
            self.story.good("removed", seen);
            if ours {
                let taken = tried(|| self.books.book_back()).await?;
                let seen = format!("{taken}, stock is 0");
                self.story.good("booked back", seen);
            }
            Ok(())
        };
        cleaning.await.map_err(|stopped: Stopped| Stopped {
            why: format!("{}; the next order test removes what is left", stopped.why),
            ..stopped
        })
    }

    /// Removes what runs left that were killed: their requests first.
    pub(super) async fn clear(&mut self) -> Result<(), Stopped> {
        for name in self.objects.runs().await? {
            self.objects.remove_requests(&name).await?;
            self.objects.remove_factory(&name).await?;
            self.story
                .good("left-overs", format!("removed those of {name}"));
            self.earlier.push(name);
        }
        let taken = self.books.book_back().await?;
        if taken > 0 {
            let seen = format!("booked back {taken} that came late");
            self.story.good("left-overs", seen);
        }
        Ok(())
    }
}

async fn tried<T, F>(mut step: impl FnMut() -> F) -> Result<T, Stopped>
where
    F: Future<Output = Result<T, Stopped>>,
{
    for _ in 1..TRIES_MAX {
        if let Ok(done) = step().await {
            return Ok(done);
        }
        tokio::time::sleep(TRY_PAUSE).await;
    }
    step().await
}
