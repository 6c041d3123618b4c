//! Rendering what authors write, with what is known of the images in it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::business::{Fault, ImageAddress, ImageStore, background, client, memory};
use crate::markdown::responsive_images::{self, ResponsiveImage};
use crate::markdown::{self, Rendered, TooComplex};

/// The most images of one text whose sizes are looked up: what one request to the
/// store asks for.
const MAX_LOOKED_UP: usize = 100;

/// How long a text waits for those before it.
const WAIT: Duration = Duration::from_secs(10);

/// How many bytes a text has at least that is not rendered to its end for a client who has
/// gone. A shorter one is done before anybody knows.
const LONG: usize = 64 << 10;

/// Renders the bodies of articles and projects.
#[derive(Clone)]
pub struct Renderer {
    images: Arc<dyn ImageStore>,
    site_base_url: Arc<str>,
    api_base_url: Arc<str>,
    /// One text at a time: the others of the cores are for readers.
    rendering: Arc<Semaphore>,
}

impl Renderer {
    /// `site_base_url` is where readers find the articles, `api_base_url` where
    /// images are; both without a slash at the end.
    #[must_use]
    pub fn new(images: Arc<dyn ImageStore>, site_base_url: &str, api_base_url: &str) -> Self {
        Self {
            images,
            site_base_url: site_base_url.into(),
            api_base_url: api_base_url.into(),
            rendering: Arc::new(Semaphore::new(1)),
        }
    }

    /// Renders `body`, and hands it back.
    ///
    /// # Errors
    /// [`TooComplex`] when it is not within reason.
    pub(in crate::business) async fn render(
        &self,
        body: String,
    ) -> Result<Result<(String, Rendered), TooComplex>, Fault> {
        let site_base_url = Arc::clone(&self.site_base_url);
        let bytes = markdown::memory(&body);
        if !memory::is_enough(bytes) {
            return Ok(Err(TooComplex));
        }
        let gone = if body.len() > LONG { client::gone() } else { CancellationToken::new() };
        let left = || Fault::busy("the client has gone");
        let permit = tokio::select! {
            permit = timeout(WAIT, Arc::clone(&self.rendering).acquire_owned()) => permit.map_err(Fault::busy)?,
            () = gone.cancelled() => return Err(left()),
        };
        let memory = memory::hold(bytes)?;
        // The work itself holds what it takes: a caller that goes away leaves it running.
        let work = move || {
            let _held = (permit, memory);
            let rendered = markdown::render_unless(&body, &site_base_url, || gone.is_cancelled());
            rendered.map(|rendered| Some((body, rendered?)))
        };
        let (body, mut rendered) = match background::run("render", work).await? {
            Ok(done) => done.ok_or_else(left)?,
            Err(too_complex) => return Ok(Err(too_complex)),
        };
        // Most texts have no image of ours, and are not read again.
        if rendered.html.contains(&*self.api_base_url) {
            let known = self.known_images(&rendered.html).await?;
            rendered.html = responsive_images::annotate(&rendered.html, &known);
        }
        Ok(Ok((body, rendered)))
    }

    /// What is known of the images of our own in `html`, by their addresses there.
    async fn known_images(&self, html: &str) -> Result<HashMap<String, ResponsiveImage>, Fault> {
        let mut sources = HashMap::new();
        // One image may stand there under several addresses.
        let mut lookups = HashMap::new();
        for source in responsive_images::sources(html) {
            let Some(ImageAddress { username, file }) = ImageAddress::parse(&source, &self.api_base_url) else {
                continue;
            };
            if lookups.len() < MAX_LOOKED_UP {
                lookups.insert((username.key(), file.id()), (username, file.id()));
                sources.insert(source, file);
            }
        }
        let lookups: Vec<_> = lookups.into_values().collect();
        let images = self.images.images(&lookups).await?;
        let known = |file| {
            let image = images.iter().find(|image| image.file == file)?;
            let rendition_widths = image.rendition_widths().collect();
            Some(ResponsiveImage { width: image.width, height: image.height, rendition_widths })
        };
        Ok(sources.into_iter().filter_map(|(source, file)| Some((source, known(file)?))).collect())
    }
}
