// SPDX-License-Identifier: Apache-2.0
// The page at /docs: the API's description, drawn by Swagger UI from this server's own files.
window.addEventListener('load', async () => {
    const answer = await fetch('/openapi.json');
    const spec = await answer.json();
    document.title = `${spec.info.title} API`;
    window.ui = SwaggerUIBundle({
        spec,
        dom_id: '#docs',
        deepLinking: true,
        docExpansion: 'list',
        defaultModelsExpandDepth: 0,
        tryItOutEnabled: true,
        displayRequestDuration: true,
        filter: Object.keys(spec.paths).length > 20,
        validatorUrl: null,
    });
});
