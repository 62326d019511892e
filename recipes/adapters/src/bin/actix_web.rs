//! The extractor for actix-web.

use actix_web::rt::System;
use actix_web::{App, HttpResponse, HttpServer, web};
use gemini_webhooks::actix_web::{Rejection, Verified};
use recipe_adapters::{Problem, accepted, refused};

fn main() -> Result<(), Problem> {
    System::new().block_on(run())
}

async fn run() -> Result<(), Problem> {
    recipe_setup::log();
    let verifier = recipe_setup::verifier()?;
    let app = move || {
        App::new().app_data(verifier.clone()).route("/gemini-callback", web::post().to(hook))
    };
    let server = HttpServer::new(app).workers(1).bind(recipe_setup::address())?;
    for address in server.addrs() {
        println!("listening on http://{address}/gemini-callback");
    }
    Ok(server.run().await?)
}

async fn hook(verified: Result<Verified, Rejection>) -> Result<HttpResponse, Rejection> {
    let Verified(delivery) = verified.inspect_err(|rejection| {
        if let Rejection::Refused(error) = rejection {
            refused(error);
        }
    })?;
    accepted(&delivery);
    Ok(HttpResponse::NoContent().finish())
}
