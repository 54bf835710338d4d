using System.Reflection;
using Microsoft.Extensions.FileProviders;

namespace AiPlatform.Gateway.Page;

/// <summary>
/// The page at <c>/</c>: files that are part of the assembly, so that they are there wherever the Gateway runs. They need no key; what
/// they show comes from the API, which does. Everything else that is asked for goes on to the routes.
/// </summary>
internal static class PageFiles
{
    /// <summary>Below this name are the files among the assembly's resources, with a dot for each slash.</summary>
    private const string Resources = "page";

    /// <summary>Scripts and styles are files of our own, never text in the page; so nothing that the API says can become one.</summary>
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'";

    extension(IApplicationBuilder app)
    {
        /// <summary>Answers with the files of the page.</summary>
        public void UsePage()
        {
            var files = new EmbeddedFileProvider(Assembly.GetExecutingAssembly(), Resources);
            app.UseDefaultFiles(new DefaultFilesOptions { FileProvider = files, DefaultFileNames = ["index.html"] });
            app.UseStaticFiles(new StaticFileOptions
            {
                FileProvider = files,
                OnPrepareResponse = file =>
                {
                    SecurityHeaders.Write(file.Context.Response, Policy);
                    // Browsers ask each time whether a file has changed: the page is never older than the Gateway.
                    file.Context.Response.Headers.CacheControl = "no-cache";
                },
            });
        }
    }
}
